using Web;

var builder = WebApplication.CreateBuilder(args);
if (string.IsNullOrEmpty(builder.Configuration["Api:Url"]))
{
    Console.Error.WriteLine("setting Api:Url: found nothing, needed the address of the API, for example --Api:Url=http://localhost:8080");
    return 2;
}

builder.AddWeb();
builder.Services.AddHealthChecks();

var app = builder.Build();

// A dashboard without its API says so on every page: there is no other thing it could wait for.
app.MapHealthChecks("/health/live");
app.MapHealthChecks("/health/ready");
app.MapWeb();
app.Run();
return 0;
