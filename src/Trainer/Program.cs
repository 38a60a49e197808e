using Contracts;
using Trainer;

// One process, one run. A RunSpec comes in on standard input; events go out on standard output, one JSON object a line.
// `trainer --help` and docs/trainer.md describe options and exit codes.
if (args.Contains("--help"))
{
    Console.WriteLine(TrainerOptions.Help);
    return TrainerExit.Finished;
}

var reporter = new EventReporter(Console.OpenStandardOutput());
try
{
    var options = TrainerOptions.Parse(args);
    var spec = SpecReader.Read(Console.In);
    using var stop = StopSignal.Listen(Console.In, options.Supervised);
    return new TrainingSession(spec, options, reporter, stop).Run();
}
catch (Exception e)
{
    var failure = Failure.Of(e);
    if (failure.Class == FailureClass.Infrastructure) { Console.Error.WriteLine(e); }
    reporter.Report(failure);
    return TrainerExit.For(failure.Class);
}
