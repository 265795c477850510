namespace VariationalBoN.Rewards;

/// <summary>Which part of an answer is thinking, which a judge does not read. Immutable, thread-safe.</summary>
public sealed record ThinkingOptions
{
    /// <summary>The text that begins the thinking.</summary>
    /// <value>Default "&lt;think&gt;".</value>
    public string Start { get; init; } = "<think>";

    /// <summary>The text that ends the thinking.</summary>
    /// <value>Default "&lt;/think&gt;".</value>
    public string End { get; init; } = "</think>";

    /// <summary>Whether every answer begins within the thinking, because the template writes <see cref="Start"/> before it. An answer that
    /// holds <see cref="End"/> alone is read so in any case.</summary>
    /// <value>Default false.</value>
    public bool StartsInside { get; init; }

    /// <summary>The budget: the most characters of thinking of an answer, at least 0. Needs <see cref="RewardOverBudget"/>.</summary>
    /// <value>Default null: no limit.</value>
    public int? MaxCharacters { get; init; }

    /// <summary>The reward of an answer whose thinking is over the budget or does not end: it is not judged.</summary>
    /// <value>Default null: thinking that does not end is judged as the empty answer that it is.</value>
    public double? RewardOverBudget { get; init; }

    /// <summary>Refuses options out of range.</summary>
    internal void Validate()
    {
        var faults = new List<string>();
        if (string.IsNullOrEmpty(Start) || string.IsNullOrEmpty(End) || Start == End)
            faults.Add($"Start is \"{Start}\" and End is \"{End}\"; they must be two different texts");
        if (MaxCharacters < 0)
            faults.Add($"MaxCharacters is {MaxCharacters}; it must be at least 0");
        if (MaxCharacters is not null && RewardOverBudget is null)
            faults.Add("MaxCharacters is given without RewardOverBudget, the reward of an answer beyond it");
        if (RewardOverBudget is double reward && !double.IsFinite(reward))
            faults.Add(FormattableString.Invariant($"RewardOverBudget is {reward}; it must be finite"));
        if (faults.Count > 0)
            throw new ArgumentException($"The options of thinking are not usable: {string.Join("; ", faults)}.");
    }

    /// <summary>The answer without its thinking, and what is known of that.</summary>
    /// <param name="text">The text of a completion.</param>
    /// <returns>The rest without blanks at its ends; the characters of thinking; whether it ended.</returns>
    internal (string Answer, int Length, bool IsEnded) Cut(string text)
    {
        int length = 0,
            at = 0;
        int first = text.IndexOf(Start, StringComparison.Ordinal),
            end = text.IndexOf(End, StringComparison.Ordinal);
        bool inside = StartsInside || (end >= 0 && (first < 0 || end < first));
        var answer = new System.Text.StringBuilder();
        while (true)
        {
            if (!inside)
            {
                int start = text.IndexOf(Start, at, StringComparison.Ordinal);
                answer.Append(text, at, (start < 0 ? text.Length : start) - at);
                if (start < 0)
                    return (answer.ToString().Trim(), length, true);
                at = start + Start.Length;
            }

            inside = false;
            int stop = text.IndexOf(End, at, StringComparison.Ordinal);
            length += (stop < 0 ? text.Length : stop) - at;
            if (stop < 0)
                return (answer.ToString().Trim(), length, false);
            at = stop + End.Length;
        }
    }
}
