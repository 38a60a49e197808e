using Contracts;
using Testing;

namespace EndToEnd.Tests;

/// <summary>A Trainer whose address space the shell limits: the run that wants more fails with advice, the service and the next run go on.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class OutOfMemoryTests : IDisposable
{
    private const int AddressSpaceKiB = 6_000_000;

    private readonly TemporaryFolder data = TestFolders.NewTemporary();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task A_run_beyond_the_limit_ends_out_of_memory_with_advice_while_another_succeeds()
    {
        var trainer = data.File("limited-trainer");
        await File.WriteAllTextAsync(trainer, $"#!/bin/sh\nulimit -v {AddressSpaceKiB}\nexec {Path.Combine(TestFolders.Repository, "artifacts/bin/Trainer/release/trainer")} \"$@\"\n", Service.Token);
        File.SetUnixFileMode(trainer, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var service = await Service.StartListening(data.Path, "--Worker:Trainer", trainer);

        var large = await service.Post(Specs.Karate(epochs: 3) with
        {
            Data = new() { Dataset = "sbm", Sbm = new() { Nodes = 40_000 } },
            Model = new() { Convolution = Convolution.Gen, Backbone = Backbone.ResPlus, Layers = 112, HiddenChannels = 128 },
        });
        var small = await service.Post(Specs.Karate(epochs: 5));
        var failed = await service.RunThatIs(RunStatus.Failed, large.Id);
        Assert.Equal((FailureClass.OutOfMemory, 1), (failed.FailureClass, failed.Attempt));
        Assert.Matches(@"measured \d.+ until then, estimated \d.+ in all, this worker allows .+; fits with .+: about \d", failed.FailureMessage);
        Assert.InRange(failed.PeakMemoryBytes!.Value, 200L << 20, AddressSpaceKiB * 1024L);
        await service.RunThatIs(RunStatus.Succeeded, small.Id);
        Assert.True((await service.Http.GetAsync("/health/ready", Service.Token)).IsSuccessStatusCode);
    }
}
