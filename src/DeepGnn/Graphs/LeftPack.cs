using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DeepGnn.Graphs;

/// <summary>
/// The chosen lanes of a vector moved to its front, in their order, for processors that have no instruction for it (AVX2 without AVX-512): a table says for
/// each choice which lane goes where.
/// </summary>
internal static unsafe class LeftPack
{
    // Eight bytes a choice.
    private static readonly ulong* s_ofKeys = Table(16, 4, KeyLanes);
    private static readonly ulong* s_ofHalves = Table(256, 8, HalfLanes);

    /// <summary>Those of four keys that <paramref name="chosen"/> has a bit for come first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Keys(Vector256<ulong> keys, uint chosen) =>
        Avx2.PermuteVar8x32(keys.AsUInt32(), Order(s_ofKeys, chosen)).AsUInt64();

    /// <summary>Keys made of eight upper and eight lower halves; those that <paramref name="chosen"/> has a bit for come first, eight keys are written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<uint> upper, Vector256<uint> lower, uint chosen, ref ulong to)
    {
        var order = Order(s_ofHalves, chosen);
        upper = Avx2.PermuteVar8x32(upper, order);
        lower = Avx2.PermuteVar8x32(lower, order);
        Avx2.UnpackLow(lower, upper).AsUInt64().StoreUnsafe(ref to);
        Avx2.UnpackHigh(lower, upper).AsUInt64().StoreUnsafe(ref to, 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Order(ulong* table, uint chosen) =>
        Avx2.ConvertToVector256Int32(Vector128.CreateScalar(table[chosen]).AsByte()).AsUInt32();

    private static ulong* Table(int choices, int lanes, Action<int, int, byte[]> put)
    {
        var table = (ulong*)RuntimeHelpers.AllocateTypeAssociatedMemory(typeof(LeftPack), choices * sizeof(ulong));
        var bytes = new byte[sizeof(ulong)];
        for (var chosen = 0; chosen < choices; chosen++)
        {
            var place = 0;
            for (var lane = 0; lane < lanes; lane++)
            {
                if ((chosen >> lane & 1) != 0) { put(place++, lane, bytes); }
            }

            for (; place < lanes; place++) { put(place, 0, bytes); }
            table[chosen] = BitConverter.ToUInt64(bytes);
        }

        return table;
    }

    // A key is two lanes of 32 bits.
    private static void KeyLanes(int place, int lane, byte[] order) => (order[2 * place], order[(2 * place) + 1]) = ((byte)(2 * lane), (byte)((2 * lane) + 1));

    // Unpacking takes lanes 0, 1, 4, 5 first, then 2, 3, 6, 7.
    private static void HalfLanes(int place, int lane, byte[] order) => order[(place & 1) | ((place & 2) << 1) | ((place & 4) >> 1)] = (byte)lane;
}
