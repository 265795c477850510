using System.Collections.Immutable;

namespace VariationalBoN.Evaluation;

/// <summary>
/// Finds the points that no other point beats in both KL to the reference (less is better) and value (reward or win rate;
/// more is better). Stateless, thread-safe.
/// </summary>
public static class ParetoFront
{
    /// <summary>The front by the values alone: j dominates i when KL_j &lt;= KL_i,
    /// value_j &gt;= value_i, and one of them strictly. O(n log n).</summary>
    /// <typeparam name="T">Whatever carries the numbers.</typeparam>
    /// <param name="points">The policies.</param>
    /// <param name="kl">KL(pi_theta || pi_ref), not NaN.</param>
    /// <param name="value">Reward or win rate, not NaN.</param>
    /// <returns>The front by ascending KL; equal points stay, in their order.</returns>
    /// <exception cref="ArgumentException">A number is NaN; the message names its position.</exception>
    public static ImmutableArray<T> Of<T>(IEnumerable<T> points, Func<T, double> kl, Func<T, double> value)
    {
        ArgumentNullException.ThrowIfNull(kl);
        ArgumentNullException.ThrowIfNull(value);
        return
        [
            .. Front(Read(points, point => new Estimate(kl(point), 0, 1), point => new Estimate(value(point), 0, 1)))
                .Select(entry => entry.Point),
        ];
    }

    /// <summary>
    /// The points that no other dominates beyond errors: j does when KL_j &lt;= KL_i and value_j &gt;= value_i, and at least one of the two
    /// differences exceeds z sqrt(se_i^2 + se_j^2). O(n^2).
    /// </summary>
    /// <remarks>
    /// Holds all of <see cref="Of{T}"/> and what lies within the errors of it.
    /// The errors are taken as independent, which is cautious for policies measured on the same prompts.
    /// </remarks>
    /// <typeparam name="T">Whatever carries the numbers.</typeparam>
    /// <param name="points">The policies.</param>
    /// <param name="kl">KL(pi_theta || pi_ref) with its error.</param>
    /// <param name="value">Reward or win rate with its error.</param>
    /// <param name="z">How many standard errors of the difference; at least 0, 0 gives the front by the values.</param>
    /// <returns>The points by ascending KL.</returns>
    /// <exception cref="ArgumentException">A number is NaN; the message names its position.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="z"/> is negative or NaN.</exception>
    public static ImmutableArray<T> WithinErrors<T>(IEnumerable<T> points, Func<T, Estimate> kl, Func<T, Estimate> value, double z = 1.96)
    {
        ArgumentNullException.ThrowIfNull(kl);
        ArgumentNullException.ThrowIfNull(value);
        if (!(z >= 0 && z < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(z), z, "z must be finite and at least 0, such as 1.96.");
        List<Entry<T>> entries = Read(points, kl, value);
        return [.. entries.Where(entry => !entries.Any(other => Dominates(other, entry, z))).Select(entry => entry.Point)];
    }

    private static bool Dominates<T>(Entry<T> a, Entry<T> b, double z) =>
        a.Kl.Value <= b.Kl.Value && a.Value.Value >= b.Value.Value && (Exceeds(b.Kl, a.Kl, z) || Exceeds(a.Value, b.Value, z));

    private static bool Exceeds(Estimate high, Estimate low, double z) =>
        high.Value > low.Value
        && (
            z == 0
            || high.Value - low.Value > z * Math.Sqrt((high.StandardError * high.StandardError) + (low.StandardError * low.StandardError))
        );

    private static IEnumerable<Entry<T>> Front<T>(List<Entry<T>> ascending)
    {
        double best = double.NegativeInfinity,
            klOfBest = double.NaN;
        foreach (Entry<T> entry in ascending)
        {
            if (entry.Value.Value > best || double.IsNaN(klOfBest))
                (best, klOfBest) = (entry.Value.Value, entry.Kl.Value);
            else if (entry.Value.Value < best || entry.Kl.Value > klOfBest)
                continue;
            yield return entry;
        }
    }

    /// <summary>The points by ascending KL, the better value first among equals; stable.</summary>
    private static List<Entry<T>> Read<T>(IEnumerable<T> points, Func<T, Estimate> kl, Func<T, Estimate> value)
    {
        ArgumentNullException.ThrowIfNull(points);
        var entries = new List<Entry<T>>();
        foreach (T point in points)
        {
            var entry = new Entry<T>(point, kl(point), value(point));
            if (
                double.IsNaN(entry.Kl.Value)
                || double.IsNaN(entry.Value.Value)
                || !(entry.Kl.StandardError >= 0)
                || !(entry.Value.StandardError >= 0)
            )
                throw new ArgumentException(
                    $"Point {entries.Count} has KL {entry.Kl} and value {entry.Value}; neither number may be NaN, and errors are at least "
                        + $"0. Leave it out.",
                    nameof(points)
                );
            entries.Add(entry);
        }

        return [.. entries.OrderBy(entry => entry.Kl.Value).ThenByDescending(entry => entry.Value.Value)];
    }

    private readonly record struct Entry<T>(T Point, Estimate Kl, Estimate Value);
}
