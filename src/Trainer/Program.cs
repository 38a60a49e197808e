using static TorchSharp.torch;

using var x = ones(3, 3);
Console.WriteLine(x.sum().item<float>());
