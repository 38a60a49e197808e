using Web;

var builder = WebApplication.CreateBuilder(args);
if (string.IsNullOrEmpty(builder.Configuration["Api:Url"]))
{
    Console.Error.WriteLine("setting Api:Url: found nothing, needed the address of the API, for example --Api:Url=http://localhost:8080");
    return 2;
}

builder.AddWeb();

var app = builder.Build();
app.MapWeb();
app.Run();
return 0;
