using System.Globalization;
using Conformance;
using DeepGnn.Aggregation;
using static TorchSharp.torch;

if (args.Length == 0 || args[0].StartsWith('-'))
{
    Console.Error.WriteLine("usage: Conformance FOLDER [--device cpu|cuda] [--kernels simd|torch]");
    return 2;
}

var device = CPU;
KernelSet? kernels = null;
for (var i = 1; i + 1 < args.Length; i += 2)
{
    switch (args[i], args[i + 1])
    {
        case ("--device", var name): device = TorchSharp.torch.device(name); break;
        case ("--kernels", "simd"): kernels = KernelSet.Simd; break;
        case ("--kernels", "torch"): kernels = KernelSet.Torch; break;
        default: Console.Error.WriteLine($"unknown option {args[i]} {args[i + 1]}"); return 2;
    }
}

if (!Directory.Exists(args[0]))
{
    Console.Error.WriteLine($"no such folder: {args[0]}");
    return 2;
}

var counts = new int[3];
foreach (var file in Directory.GetFiles(args[0], "*.json").Order(StringComparer.Ordinal))
{
    foreach (var golden in GoldenCase.ReadFile(file))
    {
        var outcome = CaseRunner.Run(golden, device, kernels);
        counts[(int)outcome.Verdict]++;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{golden.Operator} {golden.Name} values {outcome.ValueError:E1} gradients {outcome.GradientError:E1} {outcome.Verdict.ToString().ToLowerInvariant()} {outcome.Reason}").TrimEnd());
    }
}

Console.WriteLine($"{counts[0]} passed, {counts[1]} failed, {counts[2]} unsupported");
return counts[1] == 0 ? 0 : 1;
