using Api;
using Runs;
using Standalone;
using Web;
using Worker;

// Api, Worker and Web in one process on embedded storage. gnnservice [--urls http://127.0.0.1:5080] [--data .gnn] [--Setting:Name value]
var builder = WebApplication.CreateBuilder(args);
builder.Configuration.AddCommandLine(args, new Dictionary<string, string> { ["--data"] = "Gnn:DataFolder" });
ListeningAddress.Default(builder);

// The pages in this process call its API: with the admin key, unless the dashboard has one of its own.
if (string.IsNullOrEmpty(builder.Configuration["Api:Key"] + builder.Configuration["Api:KeyFile"]))
{
    builder.Configuration["Api:Key"] = builder.Configuration["Gnn:AdminKey"];
    builder.Configuration["Api:KeyFile"] = builder.Configuration["Gnn:AdminKeyFile"];
}
builder.AddApi();
builder.AddWorker();
builder.AddWeb();
try
{
    // Two processes on one data folder would fight for its runs.
    using var folder = DataFolderLock.Take(RunsSettings.From(builder.Configuration).DataFolder, "standalone", "GnnService");
    var app = builder.Build();
    app.MapApi();
    app.MapWeb();
    await app.StartAsync();
    Console.WriteLine($"GnnService is at {string.Join(", ", app.Urls)}");
    await app.WaitForShutdownAsync();
    return 0;
}
catch (Exception failure) when (failure is NameTakenException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(failure.Message);
    return 1;
}
