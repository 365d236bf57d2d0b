module worldseat/porcupine

go 1.19
