// Checks porcupine.json files with Porcupine: `go run . [-timeout 60s] FILE...` prints each file and Ok, Illegal or
// Unknown. A history is one register for each key: it is older until it is opened, then free, then sold to a ticket.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

type input struct {
	Key    string `json:"key"`
	Op     string `json:"op"`
	Ticket string `json:"ticket"`
}

type output struct {
	Told   string `json:"told"`
	Ticket string `json:"ticket"`
}

type operation struct {
	ClientID int    `json:"clientId"`
	Input    input  `json:"input"`
	Output   output `json:"output"`
	Call     int64  `json:"call"`
	Return   int64  `json:"return"`
}

type state struct {
	shown  string
	ticket string
}

var register = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		at := map[string]int{}
		var parts [][]porcupine.Operation
		for _, call := range history {
			key := call.Input.(input).Key
			if _, known := at[key]; !known {
				at[key] = len(parts)
				parts = append(parts, nil)
			}
			parts[at[key]] = append(parts[at[key]], call)
		}
		return parts
	},
	Init: func() interface{} { return state{shown: "older"} },
	Step: func(before, asked, answered interface{}) (bool, interface{}) {
		now, in, out := before.(state), asked.(input), answered.(output)
		switch in.Op {
		case "open":
			return true, state{shown: "free"}
		case "buy":
			free, sold := now.shown == "free", state{"sold", in.Ticket}
			switch {
			case out.Told == "yes":
				return free, sold
			case out.Told == "unknown" && free:
				return true, sold
			default: // It did not happen.
				return true, now
			}
		default: // A read.
			return now == state{out.Told, out.Ticket}, now
		}
	},
}

func main() {
	timeout := flag.Duration("timeout", time.Minute, "how long to search in one file")
	flag.Parse()
	for _, file := range flag.Args() {
		text, err := os.ReadFile(file)
		var calls []operation
		if err == nil {
			err = json.Unmarshal(text, &calls)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, file, err)
			os.Exit(2)
		}
		var history []porcupine.Operation
		for _, call := range calls {
			history = append(history, porcupine.Operation{
				ClientId: call.ClientID, Input: call.Input, Call: call.Call, Output: call.Output, Return: call.Return,
			})
		}
		fmt.Printf("%s\t%s\n", file, porcupine.CheckOperationsTimeout(register, history, *timeout))
	}
}
