using System.Buffers.Binary;
using System.Buffers.Text;
using Runs;

namespace Api;

/// <summary>The last run of a page. Opaque to clients: time and id, so that a page costs the same however deep it lies.</summary>
internal readonly record struct RunCursor(DateTimeOffset CreatedAt, Guid Id)
{
    private const int Bytes = 24;

    public static RunCursor Of(Run run) => new(run.CreatedAt, run.Id);

    public static RunCursor? Parse(string text)
    {
        Span<byte> bytes = stackalloc byte[Bytes + 3];
        if (text.Length > 40 || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out var written) || written != Bytes) { return null; }

        var ticks = BinaryPrimitives.ReadInt64BigEndian(bytes);
        return ticks is < 0 or > 3_155_378_975_999_999_999 ? null : new RunCursor(new DateTimeOffset(ticks, TimeSpan.Zero), new Guid(bytes[8..Bytes]));
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, CreatedAt.UtcTicks);
        Id.TryWriteBytes(bytes[8..]);
        return Base64Url.EncodeToString(bytes);
    }
}
