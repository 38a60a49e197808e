namespace Trainer;

/// <summary>What the command line says: where files go, what to continue from.</summary>
internal sealed record TrainerOptions
{
    public const string Help =
        """
        trainer [--artifacts DIR] [--resume FILE] [--supervised] < spec.json

        Trains one run. Reads a RunSpec (JSON) from standard input, writes events (JSON lines) to standard output.
          --artifacts DIR   where checkpoints are written (default: none are)
          --resume FILE     continue from this checkpoint; a damaged one is passed over for the newest sound one in DIR
          --supervised      the spec is followed by commands; the end of the input means that the supervisor is gone
        Commands on standard input after the spec: a line `stop` writes a checkpoint and leaves; so does SIGTERM.
        Environment: GNN_DATA (folders with data sets, separated by colons), GNN_THREADS.
        Exit codes: 0 finished, 1 infrastructure, 2 spec or command line, 3 data, 4 out of memory, 5 diverged, 10 stopped.
        """;

    public string? Artifacts { get; private init; }
    public string? Resume { get; private init; }
    public bool Supervised { get; private init; }

    public static TrainerOptions Parse(string[] args)
    {
        var options = new TrainerOptions();
        for (var i = 0; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--artifacts" => options with { Artifacts = Value(args, ref i) },
                "--resume" => options with { Resume = Value(args, ref i) },
                "--supervised" => options with { Supervised = true },
                var unknown => throw new UserException($"found option \"{unknown}\", needed --artifacts, --resume, --supervised or --help"),
            };
        }

        return options;
    }

    private static string Value(string[] args, ref int i) =>
        i + 1 < args.Length ? args[++i] : throw new UserException($"found {args[i]} without a value, needed a path after it");
}
