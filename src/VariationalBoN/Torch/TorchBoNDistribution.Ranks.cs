using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Torch;

public sealed partial class TorchBoNDistribution
{
    /// <summary>k_lt, k_le and M + 1 of each query, [B] float64; of the other M - 1 where the sample itself is left out.</summary>
    private (Tensor Below, Tensor AtOrBelow, Tensor Atoms) Counts(Tensor promptIndex, Tensor reward)
    {
        Tensor atoms = _atoms.index_select(0, promptIndex); // [B]; refuses an index out of range
        Tensor query = reward.detach();
        Tensor beforeFirst = promptIndex.Times(_width).Plus(-1); // [B]
        Tensor counts = (
            _levels is null || _limits is null
                ? Search(_sorted, beforeFirst, query, query)
                : SearchLevels(beforeFirst, query, _levels, _limits)
        ).to(float64); // [2, B]
        Tensor below = counts[0],
            atOrBelow = counts[1];
        if (!_leaveOneOut)
            return (below, atOrBelow, atoms);
        Tensor isSample = below.lt(atOrBelow),
            nothing = below.FilledWith(double.NaN);
        return (where(isSample, below, nothing), where(isSample, atOrBelow.Plus(-1), nothing), atoms);
    }

    /// <summary>How many rewards lie below one bound and at or below another, [2, B] int64.</summary>
    /// <remarks>Both are one search, since v is at or below r when it is below the next number after r.</remarks>
    private Tensor Search(Tensor sorted, Tensor beforeFirst, Tensor low, Tensor high)
    {
        Tensor bounds = stack([low, nextafter(high, high.FilledWith(double.PositiveInfinity))]); // [2, B]
        return Search(beforeFirst, position => sorted.take(position).lt(bounds));
    }

    /// <summary>
    /// Where the queries stand within the tie tolerance, and on to the ends of the levels that are met:
    /// with the comparisons of the core, in float64.
    /// </summary>
    private Tensor SearchLevels(Tensor beforeFirst, Tensor query, Tensor levels, Tensor limits)
    {
        Tensor wide = query.to(float64);
        Tensor near = Search(beforeFirst, position => (_sorted.take(position).to(float64) - wide).lt(limits)); // [2, B]
        Tensor lowest = levels.take(beforeFirst.Plus(near[0].Plus(1))),
            highest = levels.take(beforeFirst.Plus(near[1].AtLeast(1))); // [B]
        return where(near[0].lt(near[1]), Search(levels, beforeFirst, lowest, highest), near);
    }

    /// <summary>How many leading rewards of its prompt count for each query, by two criteria at once, [2, B] int64.</summary>
    /// <remarks>
    /// A binary search of all queries at once, one bit of the count a round: half the width, a quarter, ... is added where the reward that
    /// would then be the last to count does. Gathering the [B, M] rows for searchsorted instead costs several times as much.
    /// </remarks>
    private Tensor Search(Tensor beforeFirst, Func<Tensor, Tensor> counts)
    {
        Tensor last = beforeFirst.expand(2, -1); // [2, B]
        for (int step = _width / 2; step > 0; step /= 2)
        {
            Tensor further = last.Plus(step);
            last = where(counts(further), further, last);
        }

        return last - beforeFirst;
    }
}
