using System.Runtime.InteropServices;
using TorchSharp;

namespace VariationalBoN.Training;

/// <summary>The state of a CPU generator of libtorch as bytes. Stateless, thread-safe.</summary>
/// <remarks>
/// libtorch ends the process when it is given a state that it does not like, and reads behind its numbers when the two positions in it do
/// not go together; so both are looked at before. The bytes: seed (8), draws left in the block and one, whether it is seeded (4 each), next
/// (8), 624 numbers (8 each), a normal number that was kept (3 x 8), whether it is there (4,
/// 4 empty), one of float32 (4), whether it is there (1).
/// </remarks>
internal static class GeneratorState
{
    private const int Bytes = 5056,
        Block = 624,
        LeftAt = 8,
        SeededAt = 12,
        NextAt = 16,
        NormalAt = 24 + (8 * Block);
    private const int HasNormalAt = NormalAt + 24,
        SingleAt = HasNormalAt + 8,
        HasSingleAt = SingleAt + 4;

    public static void Save(torch.Generator generator, Stream stream)
    {
        using var state = generator.get_state();
        stream.Write(state.bytes);
    }

    /// <exception cref="InvalidDataException">It is no such state; the message says why. The generator is as it was.</exception>
    public static void Load(torch.Generator generator, Stream stream)
    {
        if (stream.Length != Bytes)
            throw new InvalidDataException($"the state of a generator has {Bytes} bytes, not {stream.Length}");
        byte[] bytes = new byte[Bytes];
        stream.ReadExactly(bytes);
        if (Fault(bytes) is string fault)
            throw new InvalidDataException($"it is no state of a generator: {fault}");
        using var state = torch.tensor(bytes);
        generator.set_state(state);
    }

    private static string? Fault(ReadOnlySpan<byte> bytes)
    {
        int left = At<int>(bytes, LeftAt),
            seeded = At<int>(bytes, SeededAt),
            hasNormal = At<int>(bytes, HasNormalAt);
        ulong next = At<ulong>(bytes, NextAt);
        return seeded != 1 ? $"at byte {SeededAt} it says that it is not seeded"
            : left is < 1 or > Block || next > Block || (ulong)left + next > Block + 1
                ? $"at bytes {LeftAt} and {NextAt} it has {left} numbers left from number {next} on, of {Block}"
            : hasNormal is < 0 or > 1 || bytes[HasSingleAt] > 1
                ? $"at byte {HasNormalAt} or {HasSingleAt} stands something else than 0 " + $"or 1"
            : hasNormal == 1
            && !double.IsFinite(At<double>(bytes, NormalAt) + At<double>(bytes, NormalAt + 8) + At<double>(bytes, NormalAt + 16))
                ? $"at byte {NormalAt} stands a number that is not finite"
            : bytes[HasSingleAt] == 1 && !float.IsFinite(At<float>(bytes, SingleAt))
                ? $"at byte {SingleAt} stands a number that is not " + $"finite"
            : null;
    }

    private static T At<T>(ReadOnlySpan<byte> bytes, int place)
        where T : unmanaged => MemoryMarshal.Read<T>(bytes[place..]);
}
