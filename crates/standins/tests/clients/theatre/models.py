from django.db import models


class Ticket(models.Model):
    seat = models.CharField(max_length=10, unique=True)
    owner = models.TextField(null=True)
    sold = models.BooleanField(default=False)
    at = models.DateTimeField(auto_now=True)
