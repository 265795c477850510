namespace VariationalBoN.Training;

/// <summary>
/// Which items, such as preference pairs, each step trains on: passes over all, each in another order.
/// A pure function of seed and step, so that a resumed run needs no state.
/// </summary>
/// <remarks>
/// A resumed run needs no state of it. Each pass is a Fisher-Yates shuffle with <see cref="CounterRandom"/>, and steps go through the
/// passes without a gap: a step
/// at the end of a pass takes the rest from the next. Immutable apart from a memory of the last pass; thread-safe.
/// </remarks>
/// <typeparam name="T">What is ordered.</typeparam>
public sealed class BatchOrder<T>
{
    private readonly T[] _items;
    private readonly long _seed;
    private volatile Pass? _last;

    /// <summary>Creates an order.</summary>
    /// <param name="items">The items, at least one.</param>
    /// <param name="seed">Fixes the order.</param>
    /// <exception cref="ArgumentException">There is no item.</exception>
    public BatchOrder(IEnumerable<T> items, long seed)
    {
        ArgumentNullException.ThrowIfNull(items);
        _items = [.. items];
        _seed = seed;
        if (_items.Length == 0)
            throw new ArgumentException("There is nothing to order; give at least one item.", nameof(items));
    }

    /// <summary>The items of one step.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="count">How many items a step takes, 1 to their number; the same at every step.</param>
    /// <returns>A fresh list. Where a pass ends inside the step, an item can stand twice.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public IReadOnlyList<T> Batch(long step, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return From(checked(step * count), count);
    }

    /// <summary>Items from a place in the endless order on, for steps of different sizes (<see cref="BatchSchedule"/>).</summary>
    /// <param name="first">The place, from 0.</param>
    /// <param name="count">How many items, 1 to their number.</param>
    /// <returns>A fresh list. Where a pass ends inside it, an item can stand twice.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public IReadOnlyList<T> From(long first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _items.Length);
        T[] batch = new T[count];
        for (int i = 0; i < count; i++)
        {
            (long pass, long place) = Math.DivRem(checked(first + i), _items.Length);
            batch[i] = _items[Order(pass)[place]];
        }

        return batch;
    }

    private int[] Order(long pass)
    {
        if (_last is Pass last && last.Number == pass)
            return last.Order;
        var random = new CounterRandom(
            new DrawSeed(_seed, DrawPurpose.Resampling),
            FormattableString.Invariant($"order of prompts, pass {pass}"),
            0
        );
        int[] order = [.. Enumerable.Range(0, _items.Length)];
        for (int i = order.Length - 1; i > 0; i--)
        {
            int other = (int)(random.Uniform(i) * (i + 1));
            (order[i], order[other]) = (order[other], order[i]);
        }

        _last = new Pass(pass, order);
        return order;
    }

    private sealed record Pass(long Number, int[] Order);
}
