[assembly: AssemblyFixture(typeof(Testing.PostgresFixture))]
