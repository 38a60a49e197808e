using System.Runtime.CompilerServices;
using DeepGnn.Runtime;

namespace DeepGnn.Tests;

/// <summary>What a Trainer sets before libtorch is loaded holds for these tests, too: some compare bits.</summary>
internal static class SameProducts
{
    [ModuleInitializer]
    internal static void Prepare() => NativeEnvironment.Prepare();
}
