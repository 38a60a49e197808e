using System.Globalization;

namespace Cli;

internal sealed class CommandLineException(string message) : Exception(message);

internal sealed record CommandLine
{
    public string Command { get; private init; } = "help";
    public IReadOnlyList<string> Arguments { get; private init; } = [];
    public string? Argument => Arguments.Count > 0 ? Arguments[0] : null;
    public Uri Url { get; private init; } = new(Environment.GetEnvironmentVariable("GNN_URL") ?? "http://127.0.0.1:5080");

    /// <summary>Never an option: command lines are seen by everybody on the machine.</summary>
    public static string? Key => Environment.GetEnvironmentVariable("GNN_KEY");
    public string? Dataset { get; private init; }
    public string? Group { get; private init; }
    public int Seeds { get; private init; } = 5;
    public int Priority { get; private init; }
    public bool Follow { get; private init; }

    /// <summary>repeat: members of the spec by path, each with the values it takes.</summary>
    public IReadOnlyList<(string Path, IReadOnlyList<string> Values)> Settings { get; private init; } = [];
    public int Jobs { get; private init; } = 1;
    public string? Results { get; private init; }
    public string? Trainer { get; private init; }

    public static CommandLine Parse(string[] args)
    {
        var options = new CommandLine();
        if (args.Length == 0 || args[0] is "--help" or "-h") { return options; }

        options = options with { Command = args[0] };
        for (var i = 1; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--url" => options with { Url = UrlOf(Value(args, ref i)) },
                "--dataset" => options with { Dataset = Value(args, ref i) },
                "--group" => options with { Group = Value(args, ref i) },
                "--seeds" => options with { Seeds = NumberOf("--seeds", Value(args, ref i)) },
                "--jobs" => options with { Jobs = NumberOf("--jobs", Value(args, ref i)) },
                "--set" => options with { Settings = [.. options.Settings, SettingOf(Value(args, ref i))] },
                "--results" => options with { Results = Value(args, ref i) },
                "--trainer" => options with { Trainer = Value(args, ref i) },
                "--priority" => options with { Priority = PriorityOf(Value(args, ref i)) },
                "--follow" => options with { Follow = true },
                ['-', '-', ..] unknown => throw new CommandLineException($"found option \"{unknown}\", see gnn help"),
                var argument when options.Argument is null || options.Command == "repeat" => options with { Arguments = [.. options.Arguments, argument] },
                var extra => throw new CommandLineException($"found \"{extra}\" after \"{options.Argument}\", needed one argument"),
            };
        }

        return options;
    }

    public string RequireArgument(string what) => Argument ?? throw new CommandLineException($"gnn {Command}: found nothing, needed {what}");

    public Guid RequireId() =>
        Guid.TryParse(RequireArgument("a run's id"), out var id) ? id : throw new CommandLineException($"gnn {Command}: found \"{Argument}\", needed a run's id");

    private static string Value(string[] args, ref int i) =>
        i + 1 < args.Length ? args[++i] : throw new CommandLineException($"found {args[i]} without a value, needed one after it");

    private static Uri UrlOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new CommandLineException($"--url: found \"{text}\", needed an address like http://127.0.0.1:5080");

    private static int NumberOf(string option, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 100
            ? number
            : throw new CommandLineException($"{option}: found \"{text}\", needed a number from 1 to 100");

    private static (string, IReadOnlyList<string>) SettingOf(string text) => text.Split('=', 2) is [{ Length: > 0 } path, { Length: > 0 } values]
        ? (path, values.Split(','))
        : throw new CommandLineException($"--set: found \"{text}\", needed PATH=VALUE,VALUE like model.layers=2,4,8");

    private static int PriorityOf(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var priority)
            ? priority
            : throw new CommandLineException($"--priority: found \"{text}\", needed a whole number");
}
