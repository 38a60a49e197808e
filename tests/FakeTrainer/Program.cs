using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Contracts;
using FakeTrainer;

var artifacts = Argument("--artifacts")!;
var resume = Argument("--resume");
var spec = JsonSerializer.Deserialize<RunSpec>(Console.In.ReadLine()!, ContractJson.Options)!;
var script = new Script(spec.Name);
var told = new CancellationTokenSource();
if (!script.Has("ignoreStop")) { new Thread(ListenForStop) { IsBackground = true }.Start(); }

var first = resume is null ? 0 : int.Parse(File.ReadAllText(resume), CultureInfo.InvariantCulture);
var clock = Stopwatch.StartNew();
Say(new StartedEvent { Dataset = spec.Data.Dataset, Nodes = 34, Edges = 156, Classes = 2, Metric = "accuracy", Device = "cpu", Threads = 1, ResumedFromEpoch = first, Parameters = Environment.ProcessId });
if (script.Has("environment"))
{
    foreach (var key in Environment.GetEnvironmentVariables().Keys) { Say(new LogEvent { Level = "info", Message = $"{key}={Environment.GetEnvironmentVariable((string)key)}" }); }
}

for (var epoch = first + 1; epoch <= spec.Training.Epochs; epoch++)
{
    if (told.IsCancellationRequested) { return Stopped(epoch - 1); }
    told.Token.WaitHandle.WaitOne(script.Number("delay", 5));
    Say(new EpochEvent { Epoch = epoch, TrainLoss = 1.0 / epoch, ValidLoss = 1.1 / epoch, TrainMetric = 0.9, ValidMetric = 0.5 + (0.001 * epoch), TestMetric = 0.7, Seconds = 0.005, PeakMemoryBytes = 1000 + epoch, IsBest = true });
    if (spec.Training.CheckpointEvery > 0 && epoch % spec.Training.CheckpointEvery == 0) { Checkpoint(epoch); }
    if (Misbehave(epoch) is { } code) { return code; }
}

if (!script.Has("noFinish")) { Say(new FinishedEvent { Epochs = spec.Training.Epochs, BestEpoch = spec.Training.Epochs, BestValidMetric = 0.5, TestMetric = 0.7, Seconds = clock.Elapsed.TotalSeconds }); }
if (script.Has("linger")) { Thread.Sleep(Timeout.Infinite); }
return TrainerExit.Finished;

int? Misbehave(int epoch)
{
    if (script.Has("once") && resume is not null) { return null; }
    if (script.At("garbage", epoch) is not null) { Console.Out.WriteLine("OMP: Info #276\n{\"event\":\"epoch\",\"epoch\":\n{\"event\":\"surprise\"}\nnull\n" + new string('x', 3_000_000)); }
    if (script.At("nul", epoch) is not null) { Say(new LogEvent { Level = "info", Message = "before\0after" }); }
    if (script.At("say", epoch) is { } words) { Say(new LogEvent { Level = "info", Message = words }); }
    if (script.At("noise", epoch) is { } noise)
    {
        for (var i = 0; i < 20_000; i++) { Console.Error.WriteLine($"line {i} of the native library's noise"); }
        Console.Error.WriteLine(noise);
    }

    if (script.At("allocate", epoch) is { } mebibytes) { Array.Fill(new byte[int.Parse(mebibytes, CultureInfo.InvariantCulture) << 20], (byte)1); }
    if (script.At("signal", epoch) is { } signal) { Die(int.Parse(signal, CultureInfo.InvariantCulture)); }
    if (script.At("hang", epoch) is not null) { told.Token.WaitHandle.WaitOne(); return Stopped(epoch); }
    if (script.At("fail", epoch) is { } failure)
    {
        var kind = Enum.Parse<FailureClass>(failure);
        Say(new FailedEvent { Class = kind, Message = $"told to fail at epoch {epoch}" });
        return TrainerExit.For(kind);
    }

    return script.At("exit", epoch) is { } exit ? int.Parse(exit, CultureInfo.InvariantCulture) : null;
}

int Stopped(int epoch)
{
    Thread.Sleep(script.Number("slowStop", 0));
    Checkpoint(epoch);
    Say(new StoppedEvent { Epoch = epoch });
    return TrainerExit.Stopped;
}

void Checkpoint(int epoch)
{
    var path = Path.Combine(artifacts, $"epoch-{epoch:D6}.ckpt");
    File.WriteAllText(path, epoch.ToString(CultureInfo.InvariantCulture));
    Say(new CheckpointEvent { Epoch = epoch, Path = path, Sha256 = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))), Bytes = new FileInfo(path).Length, IsBest = script.Number("best", 0) == epoch });
}

void ListenForStop()
{
    while (Console.In.ReadLine() is { } line && line != "stop") { }
    told.Cancel();
}

string? Argument(string name) => Array.IndexOf(args, name) is var i and >= 0 ? args[i + 1] : null;

static void Say(TrainerEvent happened)
{
    try { Console.Out.WriteLine(JsonSerializer.Serialize(happened with { At = DateTimeOffset.UtcNow }, ContractJson.Options)); }
    catch (IOException) { } // nobody listens any more: the supervisor died
}

// As a crash in a native library would: the runtime's own handlers out of the way first.
static void Die(int signal)
{
    _ = Handle(signal, 0);
    _ = Signal(Environment.ProcessId, signal);
    Thread.Sleep(Timeout.Infinite);
}

[DllImport("libc", EntryPoint = "kill")]
static extern int Signal(int process, int signal);

[DllImport("libc", EntryPoint = "signal")]
static extern nint Handle(int signal, nint handler);
