using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Worker;

var builder = WebApplication.CreateBuilder(args);
builder.AddWorker();
var app = builder.Build();
app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false });
app.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") });
try
{
    await app.RunAsync();
    return 0;
}
catch (NameTakenException taken)
{
    Console.Error.WriteLine(taken.Message);
    return 1;
}
