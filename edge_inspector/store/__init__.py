"""The result log: schema, migrations, recipes and queries. Import what is needed from the modules; each pulls in no more than it uses."""
