using System.Reflection;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Trainer;

/// <summary>What, beside spec and data, decides the figures of a run.</summary>
internal static class Reproduction
{
    /// <summary>Version and, where the build knew it, commit.</summary>
    public static string CodeVersion { get; } =
        typeof(Reproduction).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public static string Platform { get; } =
        $"{RuntimeInformation.OSDescription}; {RuntimeInformation.ProcessArchitecture}; {RuntimeInformation.FrameworkDescription}; libtorch {__version__}";
}
