using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using Contracts;
using Testing;

namespace EndToEnd.Tests;

/// <summary>The service as users start it: the built program in a process of its own, spoken to over HTTP.</summary>
internal sealed class Service : IAsyncDisposable
{
    private static readonly string Program = Path.Combine(TestFolders.Repository, "artifacts/bin/Standalone/release/gnnservice");

    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly TaskCompletionSource<string> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Service(string dataFolder, params string[] arguments)
    {
        var start = new ProcessStartInfo(Program, ["--urls", "http://127.0.0.1:0", "--data", dataFolder, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public HttpClient Http { get; } = new();

    public Uri Address => Http.BaseAddress!;

    public int Id => process.Id;

    public TimeSpan ProcessorTime => process.TotalProcessorTime;

    public string Output { get { lock (output) { return output.ToString(); } } }

    /// <summary>A service that is ready.</summary>
    public static async Task<Service> Start(string dataFolder)
    {
        var service = await StartListening(dataFolder);
        await service.Eventually(async () => (await service.Http.GetAsync("/health/ready", Token)).IsSuccessStatusCode, "the service to be ready");
        return service;
    }

    public static async Task<Service> StartListening(string dataFolder, params string[] arguments)
    {
        var service = new Service(dataFolder, arguments);
        await Task.WhenAny(service.listening.Task, service.process.WaitForExitAsync(Token)).WaitAsync(TimeSpan.FromSeconds(60), Token);
        Assert.True(service.listening.Task.IsCompleted, $"the service ended before it listened:\n{service.Output}");
        service.Http.BaseAddress = new Uri(await service.listening.Task);
        return service;
    }

    /// <summary>One that is expected to refuse: its exit code and what it said.</summary>
    public static async Task<(int ExitCode, string Output)> StartRefused(string dataFolder, params string[] arguments)
    {
        await using var service = new Service(dataFolder, arguments);
        await service.process.WaitForExitAsync(Token).WaitAsync(TimeSpan.FromSeconds(60), Token);
        return (service.process.ExitCode, service.Output);
    }

    public async Task<RunDetail> Post(RunSpec spec)
    {
        var answer = await Http.PostAsJsonAsync("/api/v1/runs", spec, ContractJson.Options, Token);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));
        return (await answer.Content.ReadFromJsonAsync<RunDetail>(ContractJson.Options, Token))!;
    }

    public async Task<RunDetail> Read(Guid run) => (await Http.GetFromJsonAsync<RunDetail>($"/api/v1/runs/{run}", ContractJson.Options, Token))!;

    /// <summary>All that is stored and counts, as a client without memory reads it.</summary>
    public async Task<RunHistory> History(Guid run)
    {
        var epochs = new List<EpochPoint>();
        var events = new List<RunEvent>();
        for (long seq = 0; ;)
        {
            var part = (await Http.GetFromJsonAsync<RunHistory>($"/api/v1/runs/{run}/metrics?after={seq}", ContractJson.Options, Token))!;
            epochs.AddRange(part.Epochs);
            events.AddRange(part.Events);
            if (part.Seq == seq) { return new RunHistory { Epochs = epochs, Events = events, Seq = seq }; }
            seq = part.Seq;
        }
    }

    public async Task<RunDetail> RunThatIs(RunStatus status, Guid run, int withinSeconds = 120)
    {
        await Eventually(async () => (await Read(run)).Status == status, $"run {run} to be {status}", withinSeconds);
        return await Read(run);
    }

    public Task RunThatReached(int epoch, Guid run) => Eventually(async () => (await Read(run)).Epoch >= epoch, $"run {run} to reach epoch {epoch}");

    /// <summary>The training process of the one run that is in training.</summary>
    public int TrainerProcess() => Assert.Single(LinuxProcess.ChildrenOf(process.Id));

    public Task Kill()
    {
        LinuxProcess.Signal(process.Id, LinuxProcess.Kill);
        return process.WaitForExitAsync(Token);
    }

    public async Task<int> Terminate()
    {
        LinuxProcess.Signal(process.Id, LinuxProcess.Terminate);
        await process.WaitForExitAsync(Token).WaitAsync(TimeSpan.FromSeconds(60), Token);
        return process.ExitCode;
    }

    public async Task Eventually(Func<Task<bool>> holds, string what, int withinSeconds = 120)
    {
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(clock.Elapsed.TotalSeconds < withinSeconds, $"waited {withinSeconds} s for {what}:\n{Output}");
            await Task.Delay(25, Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) { process.Kill(entireProcessTree: true); }
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
        Http.Dispose();
    }

    private void Read(string? line)
    {
        const string sign = "GnnService is at ";
        if (line is null) { return; }
        lock (output) { output.AppendLine(line); }
        if (line.StartsWith(sign, StringComparison.Ordinal)) { listening.TrySetResult(line[sign.Length..]); }
    }
}
