namespace VariationalBoN.Training;

/// <summary>Which prompts each step trains on: passes over all prompts, each in an order of its own, as a pure function of seed and step.</summary>
/// <remarks>
/// A resumed run needs no state of it. Each pass is a Fisher-Yates shuffle with <see cref="CounterRandom"/>, and steps go through the passes without a gap: a step
/// at the end of a pass takes the rest from the next. Immutable apart from a memory of the last pass; thread-safe.
/// </remarks>
public sealed class PromptOrder
{
    private readonly Prompt[] _prompts;
    private readonly long _seed;
    private volatile Pass? _last;

    /// <summary>Creates an order.</summary>
    /// <param name="prompts">The training prompts, at least one.</param>
    /// <param name="seed">Fixes the order.</param>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    public PromptOrder(IEnumerable<Prompt> prompts, long seed)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        _prompts = [.. prompts];
        _seed = seed;
        if (_prompts.Length == 0)
            throw new ArgumentException("There is no prompt to order; give at least one.", nameof(prompts));
    }

    /// <summary>The prompts of one step.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="count">How many prompts a step takes, 1 to the number of prompts; the same at every step.</param>
    /// <returns>A fresh list. Where a pass ends inside the step, a prompt can stand twice.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public IReadOnlyList<Prompt> Batch(long step, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return From(checked(step * count), count);
    }

    /// <summary>Prompts from a place in the endless order on, for steps of different sizes (<see cref="BatchSchedule"/>).</summary>
    /// <param name="first">The place, from 0.</param>
    /// <param name="count">How many prompts, 1 to the number of prompts.</param>
    /// <returns>A fresh list. Where a pass ends inside it, a prompt can stand twice.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public IReadOnlyList<Prompt> From(long first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _prompts.Length);
        Prompt[] batch = new Prompt[count];
        for (int i = 0; i < count; i++)
        {
            (long pass, long place) = Math.DivRem(checked(first + i), _prompts.Length);
            batch[i] = _prompts[Order(pass)[place]];
        }

        return batch;
    }

    private int[] Order(long pass)
    {
        if (_last is Pass last && last.Number == pass)
            return last.Order;
        var random = new CounterRandom(new DrawSeed(_seed, DrawPurpose.Resampling), FormattableString.Invariant($"order of prompts, pass {pass}"), 0);
        int[] order = [.. Enumerable.Range(0, _prompts.Length)];
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
