using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace DeepGnn.Runtime;

/// <summary>
/// The few x64 instructions between libtorch and our allocator. They are needed where managed code may not stand: small tensors go to the
/// default allocator without a detour; a request that cannot be met jumps there, so that its C++ exception crosses no managed frame; and
/// nothing enters managed code once the process is leaving.
/// </summary>
internal sealed unsafe partial class AllocatorCode
{
    private const int Length = 4096;

    private readonly byte[] _leaving;
    private readonly nint _page;
    private int _end;

    /// <param name="leaving">Address of a byte that is not 0 once the process is leaving.</param>
    public AllocatorCode(nint leaving)
    {
        // mov rax, leaving; cmp byte [rax], 0
        _leaving = [0x48, 0xB8, .. Address(leaving), 0x80, 0x38, 0x00];
        const int readWrite = 3, privateAnonymous = 0x22;
        _page = Map(0, Length, readWrite, privateAnonymous, -1, 0);
        if (_page == -1) { throw new InvalidOperationException("no page for the allocator's code"); }
    }

    /// <summary>allocate(result rdi, allocator rsi, bytes rdx): <paramref name="take"/> says in eax whether it filled the result.</summary>
    public nint Allocate(nint take, nint standard, nint standardAllocate) => Write(
    [
        0x48, 0x81, 0xFA, .. BitConverter.GetBytes(TorchAllocator.Least), // cmp rdx, Least
        0x72, 0x29,                                        // jb default
        .. _leaving,                                       // (13 bytes)
        0x75, 0x1A,                                        // jne default
        0x57, 0x56, 0x52,                                  // push rdi, rsi, rdx
        0x48, 0xB8, .. Address(take), 0xFF, 0xD0,          // call take
        0x5A, 0x5E, 0x5F,                                  // pop rdx, rsi, rdi
        0x85, 0xC0, 0x74, 0x04,                            // test eax, eax; jz default
        0x48, 0x89, 0xF8, 0xC3,                            // mov rax, rdi; ret
        0x48, 0xBE, .. Address(standard),                  // default: mov rsi, standard
        0x48, 0xB8, .. Address(standardAllocate), 0xFF, 0xE0, // jmp standardAllocate
    ]);

    /// <summary>delete(data rdi).</summary>
    public nint Delete(nint giveBack) => Write(
    [
        .. _leaving,                                       // (13 bytes)
        0x75, 0x0C,                                        // jne leave
        0x48, 0xB8, .. Address(giveBack), 0xFF, 0xE0,      // jmp giveBack
        0xC3,                                              // leave: ret
    ]);

    /// <summary>A function that returns <paramref name="value"/>.</summary>
    public nint Constant(nint value) => Write([0x48, 0xB8, .. Address(value), 0xC3]);

    /// <summary>Makes what was written executable, and no longer writable.</summary>
    public void Seal()
    {
        const int readExecute = 5;
        if (Protect(_page, Length, readExecute) != 0) { throw new InvalidOperationException("the allocator's code cannot be made executable"); }
    }

    private nint Write(ReadOnlySpan<byte> code)
    {
        var at = _page + _end;
        code.CopyTo(new Span<byte>((void*)at, Length - _end));
        _end += (code.Length + 15) / 16 * 16;
        return at;
    }

    private static byte[] Address(nint address)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, address);
        return bytes;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);
}
