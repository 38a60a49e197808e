using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Contracts;
using DeepGnn.Interchange;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>
/// A training at the end of an epoch: spec, progress, weights and buffers, optimiser state, random state. What follows from it is what
/// would have followed without the interruption.
/// <para>File: <c>GNNCKPT3</c>, then sections of (length, bytes): spec and progress as JSON, model, optimiser, generator state, weights of the
/// chosen epoch; then the
/// SHA-256 of all before it. It appears under its name only when it is whole and on the disk.</para>
/// </summary>
public static class Checkpoint
{
    private const string Magic = "GNNCKPT3";
    private const int HashLength = 32;

    /// <summary>Writes a checkpoint: to a temporary name, to the disk, then renamed.</summary>
    /// <returns>SHA-256 of the whole file in lower-case hexadecimal.</returns>
    /// <exception cref="IOException">The file cannot be written; the temporary file is gone, an older checkpoint stays.</exception>
    internal static string Save(
        string path, RunSpec spec, TrainingProgress progress, nn.Module model, GradientDescent optimizer, BestWeights best)
    {
        var content = new MemoryStream();
        using (var writer = new BinaryWriter(content, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Encoding.ASCII.GetBytes(Magic));
            Section(writer, s => s.Write(JsonSerializer.SerializeToUtf8Bytes(spec, ContractJson.Options)));
            Section(writer, s => s.Write(JsonSerializer.SerializeToUtf8Bytes(progress, ContractJson.Options)));
            Section(writer, s => model.save(s));
            Section(writer, optimizer.Save);
            Section(writer, SaveRandomState);
            Section(writer, best.Write);
        }

        content.Write(SHA256.HashData(content.GetBuffer().AsSpan(0, (int)content.Length)));
        DurableFile.Write(path, content.WriteTo);
        content.Position = 0;
        return Convert.ToHexStringLower(SHA256.HashData(content));
    }

    /// <summary>Brings a model, its optimiser and the random state of this process to where the checkpoint left them.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or belongs to another spec: names the file and what was found.</exception>
    internal static TrainingProgress Load(
        string path, RunSpec spec, nn.Module model, GradientDescent optimizer, BestWeights best)
    {
        var bytes = File.ReadAllBytes(path);
        var body = bytes.Length - HashLength;
        if (body < Magic.Length || Encoding.ASCII.GetString(bytes, 0, Magic.Length) != Magic)
        {
            throw new InvalidDataException($"{path}: found no {Magic} header, needed a checkpoint of this program");
        }

        if (!SHA256.HashData(bytes.AsSpan(0, body)).AsSpan().SequenceEqual(bytes.AsSpan(body)))
        {
            throw new InvalidDataException($"{path}: found a checksum that does not fit the content, needed an undamaged checkpoint");
        }

        using var reader = new BinaryReader(new MemoryStream(bytes, Magic.Length, body - Magic.Length));
        if (!IsOf(spec, Section(reader)))
        {
            throw new InvalidDataException($"{path}: found the checkpoint of another spec, needed one of this run's");
        }

        var progress = JsonSerializer.Deserialize<TrainingProgress>(Section(reader), ContractJson.Options)!;
        using (var part = new BinaryReader(new MemoryStream(Section(reader)))) { model.load(part); }
        using (var part = new BinaryReader(new MemoryStream(Section(reader)))) { optimizer.Load(part); }
        LoadRandomState(Section(reader));
        using (var part = new BinaryReader(new MemoryStream(Section(reader)))) { best.Read(part); }
        return progress;
    }

    // Read before it is compared: a member that a newer version added has its default in an older checkpoint.
    private static bool IsOf(RunSpec spec, byte[] stored)
    {
        try
        {
            var found = JsonSerializer.Deserialize<RunSpec>(stored, ContractJson.Options);
            return JsonSerializer.Serialize(found, ContractJson.Options) == JsonSerializer.Serialize(spec, ContractJson.Options);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void Section(BinaryWriter writer, Action<BinaryWriter> write)
    {
        var section = new MemoryStream();
        using (var part = new BinaryWriter(section, Encoding.UTF8, leaveOpen: true)) { write(part); }
        writer.Write(section.Length);
        writer.Write(section.GetBuffer().AsSpan(0, (int)section.Length));
    }

    private static byte[] Section(BinaryReader reader) => reader.ReadBytes(checked((int)reader.ReadInt64()));

    private static void SaveRandomState(BinaryWriter writer)
    {
        using var state = random.get_rng_state();
        writer.Write(state.data<byte>().ToArray());
    }

    private static void LoadRandomState(byte[] bytes)
    {
        using var state = tensor(bytes, ScalarType.Byte);
        random.set_rng_state(state);
    }
}
