namespace VariationalBoN.Training;

/// <summary>
/// Which prompts each step trains on: passes over all prompts, each in another order.
/// A pure function of seed and step, so that a resumed run needs no state.
/// </summary>
/// <remarks>
/// The <see cref="BatchOrder{T}"/> of prompts: a resumed run needs no state of it.
/// Immutable apart from a memory of the last pass; thread-safe.
/// </remarks>
public sealed class PromptOrder
{
    private readonly BatchOrder<Prompt> _order;

    /// <summary>Creates an order.</summary>
    /// <param name="prompts">The training prompts, at least one.</param>
    /// <param name="seed">Fixes the order.</param>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    public PromptOrder(IEnumerable<Prompt> prompts, long seed)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        Prompt[] all = [.. prompts];
        if (all.Length == 0)
            throw new ArgumentException("There is no prompt to order; give at least one.", nameof(prompts));
        _order = new BatchOrder<Prompt>(all, seed);
    }

    /// <summary>The prompts of one step.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="count">How many prompts a step takes, 1 to the number of prompts; the same at every step.</param>
    /// <returns>A fresh list. Where a pass ends inside the step, a prompt can stand twice.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public IReadOnlyList<Prompt> Batch(long step, int count) => _order.Batch(step, count);

    /// <summary>Prompts from a place in the endless order on, for steps of different sizes (<see cref="BatchSchedule"/>).</summary>
    /// <param name="first">The place, from 0.</param>
    /// <param name="count">How many prompts, 1 to the number of prompts.</param>
    /// <returns>A fresh list. Where a pass ends inside it, a prompt can stand twice.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public IReadOnlyList<Prompt> From(long first, int count) => _order.From(first, count);
}
