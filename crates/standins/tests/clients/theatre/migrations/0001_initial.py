from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel(
            "Ticket",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("seat", models.CharField(max_length=10, unique=True)),
                ("sold", models.BooleanField(default=False)),
                ("at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.AddField("Ticket", "owner", models.TextField(null=True)),
        migrations.AddIndex("Ticket", models.Index(fields=["owner"], name="ticket_by_owner")),
    ]
