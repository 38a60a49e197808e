using System.Text.Json;
using Cli;
using Contracts;

const string Help =
    """
    gnn <command> [--url http://127.0.0.1:5080]

      ready                                          wait up to 30 s until the service is ready
      demo [--dataset NAME] [--seeds N] [--follow]   post the depth comparison; --follow waits and prints its table
      submit FILE [--priority N] [--follow]          post a run spec (JSON); "-" reads standard input
      sweep FILE [--follow]                          post a sweep (JSON): a base spec, axes, seeds; --follow waits and prints its table
      list [--group NAME]                            the newest runs
      watch ID                                       follow one run to its end
      cancel ID, pause ID, resume ID, clone ID       end a run, let it wait, let it go on, train its spec again
      repro ID                                       what is needed to train the run again exactly, as JSON
      again FILE                                     train what such a file says, follow it, compare the final weights
      repeat FILE... [--seeds N] [--set PATH=V,V] [--jobs N] [--results FILE] [--trainer PATH]
                                                     train specs over seeds and settings here, without a service: mean ± deviation;
                                                     the value @seed is the seed (--set data.split=@seed: one split a seed)
      table GROUP                                    depth x backbone -> test metric and peak memory of a group
    Environment: GNN_URL (address), GNN_KEY (API key).
    Exit codes: 0 done, 1 a followed run did not succeed, 2 the command line or the service said no.
    """;

try
{
    var options = CommandLine.Parse(args);
    using var http = new HttpClient { BaseAddress = options.Url };
    if (CommandLine.Key is { Length: > 0 } key) { http.DefaultRequestHeaders.Authorization = new("Bearer", key); }
    var api = new ApiClient(http);
    return options.Command switch
    {
        "ready" => await api.IsReady(TimeSpan.FromSeconds(30)) ? 0 : 1,
        "demo" => await Demo.Run(api, options),
        "submit" => await Submit(api, options),
        "sweep" => await PostSweep(api, options),
        "list" => await List(api, options),
        "watch" => await Follower.Follow(api, await api.Run(options.RequireId())),
        "cancel" or "pause" or "resume" or "clone" => Print(await api.Ask(options.RequireId(), options.Command)),
        "repro" => PrintText(JsonSerializer.Serialize(await api.Repro(options.RequireId()), Repetition.Indented)),
        "again" => await Repetition.Train(api, options),
        "repeat" => await RepeatSpecs(options),
        "table" => PrintTable(await api.Runs(options.RequireArgument("a group"))),
        "help" => PrintText(Help),
        var unknown => throw new CommandLineException($"found command \"{unknown}\", see gnn help"),
    };
}
catch (Exception e) when (e is CommandLineException or ApiException or IOException or JsonException or HttpRequestException)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

static async Task<int> Submit(ApiClient api, CommandLine options)
{
    var run = await api.Submit(await ReadFile(options), options.Priority);
    Print(run);
    return options.Follow ? await Follower.Follow(api, run) : 0;
}

static async Task<int> PostSweep(ApiClient api, CommandLine options)
{
    var sweep = await api.Sweep(await ReadFile(options));
    foreach (var run in sweep.Runs) { Print(run); }
    Console.WriteLine($"posted {sweep.Runs.Count} runs as group {sweep.Group}");
    return options.Follow ? await Follower.FollowToTable(api, sweep.Group) : 0;
}

static async Task<string> ReadFile(CommandLine options)
{
    var file = options.RequireArgument("a file");
    return file == "-" ? await Console.In.ReadToEndAsync() : await File.ReadAllTextAsync(file);
}

static Task<int> RepeatSpecs(CommandLine options)
{
    options.RequireArgument("a file with a run spec");
    return new Repeat(options).Run();
}

static async Task<int> List(ApiClient api, CommandLine options)
{
    foreach (var run in await api.Runs(options.Group, limit: 50)) { Print(run); }
    return 0;
}

static int Print(RunSummary run) => PrintText(Follower.Line(run));

static int PrintTable(IReadOnlyList<RunSummary> runs) => PrintText(ComparisonTable.Format(runs));

static int PrintText(string text)
{
    Console.WriteLine(text);
    return 0;
}
