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
        var sha256 = "";
        DurableFile.Write(path, file =>
        {
            using var writer = new BinaryWriter(file, Encoding.UTF8, leaveOpen: true);
            writer.Write(Encoding.ASCII.GetBytes(Magic));
            Section(writer, s => s.Write(JsonSerializer.SerializeToUtf8Bytes(spec, ContractJson.Options)));
            Section(writer, s => s.Write(JsonSerializer.SerializeToUtf8Bytes(progress, ContractJson.Options)));
            Section(writer, s => model.save(s));
            Section(writer, optimizer.Save);
            Section(writer, SaveRandomState);
            Section(writer, best.Write);

            using var hash = HashOf(file, file.Length);
            var content = hash.GetCurrentHash();
            file.Write(content);
            hash.AppendData(content);
            sha256 = Convert.ToHexStringLower(hash.GetHashAndReset());
        });
        return sha256;
    }

    /// <summary>Brings a model, its optimiser and the random state of this process to where the checkpoint left them.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or belongs to another spec: names the file and what was found.</exception>
    internal static TrainingProgress Load(
        string path, RunSpec spec, nn.Module model, GradientDescent optimizer, BestWeights best)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        using var reader = new BinaryReader(file);
        var body = file.Length - HashLength;
        if (body < Magic.Length || Encoding.ASCII.GetString(reader.ReadBytes(Magic.Length)) != Magic)
        {
            throw new InvalidDataException($"{path}: found no {Magic} header, needed a checkpoint of this program");
        }

        using (var hash = HashOf(file, body))
        {
            if (!hash.GetCurrentHash().AsSpan().SequenceEqual(reader.ReadBytes(HashLength)))
            {
                throw new InvalidDataException($"{path}: found a checksum that does not fit the content, needed an undamaged checkpoint");
            }
        }

        file.Position = Magic.Length;
        if (!IsOf(spec, Section(reader)))
        {
            throw new InvalidDataException($"{path}: found the checkpoint of another spec, needed one of this run's");
        }

        var progress = JsonSerializer.Deserialize<TrainingProgress>(Section(reader), ContractJson.Options)!;
        Section(reader, part => model.load(part));
        Section(reader, optimizer.Load);
        LoadRandomState(Section(reader));
        Section(reader, best.Read);
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

    // Of the first bytes; a buffer at a time, as all here: the state of a wide model is gigabytes.
    private static IncrementalHash HashOf(FileStream file, long bytes)
    {
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        file.Position = 0;
        while (file.Position < bytes)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, bytes - file.Position));
            file.ReadExactly(part);
            hash.AppendData(part);
        }

        return hash;
    }

    // The length is filled in afterwards.
    private static void Section(BinaryWriter writer, Action<BinaryWriter> write)
    {
        var begin = writer.BaseStream.Position;
        writer.Write(0L);
        write(writer);
        var end = writer.BaseStream.Position;
        writer.BaseStream.Position = begin;
        writer.Write(end - begin - sizeof(long));
        writer.BaseStream.Position = end;
    }

    private static void Section(BinaryReader reader, Action<BinaryReader> read)
    {
        var length = reader.ReadInt64();
        var end = reader.BaseStream.Position + length;
        read(reader);
        reader.BaseStream.Position = end;
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
