using System.Numerics;
using System.Runtime.InteropServices;

namespace VariationalBoN.Policies;

/// <summary>Draws from unnormalised probabilities by inversion in double precision.</summary>
internal static class InverseCdf
{
    /// <summary>The smallest i with p_0 + ... + p_i &gt; u (p_0 + ... + p_{V-1}): never one of probability 0.</summary>
    /// <param name="probabilities">V values, at least 0.</param>
    /// <param name="u">A number in [0, 1).</param>
    /// <returns>The index, or -1 when the sum is not a positive finite number.</returns>
    internal static int Draw(ReadOnlySpan<float> probabilities, double u)
    {
        double total = Sum(probabilities);
        if (!(total > 0 && double.IsFinite(total)))
            return -1;
        double target = u * total,
            below = 0;
        int block = 0;
        const int Length = 32;
        for (; block + Length < probabilities.Length; block += Length)
        {
            double next = below + Sum(probabilities.Slice(block, Length));
            if (next > target)
                break;
            below = next;
        }

        int last = -1;
        for (int i = block; i < probabilities.Length; i++)
        {
            if (!(probabilities[i] > 0))
                continue;
            last = i;
            below += probabilities[i];
            if (below > target)
                return i;
        }

        return last >= 0 ? last : probabilities.LastIndexOfAnyExcept(0f); // rounding alone leads here, in the last bits of u
    }

    private static double Sum(ReadOnlySpan<float> values)
    {
        var sum = Vector<double>.Zero;
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        foreach (var vector in vectors)
        {
            Vector.Widen(vector, out var low, out var high);
            sum += low + high;
        }

        double total = Vector.Sum(sum);
        foreach (float value in values[(vectors.Length * Vector<float>.Count)..])
            total += value;
        return total;
    }
}
