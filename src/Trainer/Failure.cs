using System.Runtime.InteropServices;
using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Memory;
using DeepGnn.Training;

namespace Trainer;

/// <summary>The spec or the command line asks for something impossible.</summary>
internal sealed class UserException(string message) : Exception(message);

internal static class Failure
{
    public static FailedEvent Of(Exception exception) => IsAllocationFailure(exception) ? OutOfMemory(exception) : exception switch
    {
        UserException e => new() { Class = FailureClass.User, Message = e.Message },
        DataSpecException e => new() { Class = FailureClass.User, Message = e.Message },
        DataException e => new() { Class = FailureClass.Data, Message = e.Message },
        DivergedException e => new() { Class = FailureClass.Diverged, Message = e.Message },
        PlatformNotSupportedException e => new() { Class = FailureClass.Infrastructure, Message = e.Message },
        var e => new() { Class = FailureClass.Infrastructure, Message = $"{e.GetType().Name}: {FirstLine(e)}" },
    };

    private static readonly string[] AllocationFailures =
        ["not enough memory", "can't allocate memory", "cannot allocate memory", "out of memory", "bad_alloc", "failed to map segment"];

    private static FailedEvent OutOfMemory(Exception exception) =>
        new() { Class = FailureClass.OutOfMemory, Message = FirstLine(exception), PeakMemoryBytes = ProcessMemory.Highest() };

    // libtorch reports all its errors as ExternalException, its loader as what could not be loaded: only the text tells a failed allocation, on
    // the CPU or on CUDA. Kernels on several threads gather theirs in an AggregateException.
    private static bool IsAllocationFailure(Exception? exception) => exception switch
    {
        null or UserException or DataSpecException or DataException => false,
        OutOfMemoryException => true,
        ExternalException or PlatformNotSupportedException when Array.Exists(AllocationFailures, words => exception.Message.Contains(words, StringComparison.OrdinalIgnoreCase)) => true,
        AggregateException several => several.InnerExceptions.Any(IsAllocationFailure),
        _ => IsAllocationFailure(exception.InnerException),
    };

    private static string FirstLine(Exception e) => e.Message.Split('\n')[0].Trim();
}
