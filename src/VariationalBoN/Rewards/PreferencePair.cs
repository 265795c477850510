namespace VariationalBoN.Rewards;

/// <summary>Two answers to one prompt, of which people preferred the first: what a judge is trained on. Immutable, thread-safe.</summary>
public sealed record PreferencePair
{
    /// <summary>The prompt that both answers are to.</summary>
    public required Prompt Prompt { get; init; }

    /// <summary>The answer that was preferred, as a completion's text: what stands behind the prompt.</summary>
    public required string Chosen { get; init; }

    /// <summary>The other answer.</summary>
    public required string Rejected { get; init; }

    /// <summary>How much better the chosen answer is, at least 0, in units of the reward; for the margin of
    /// <c>RewardModelLoss.BradleyTerry</c>.</summary>
    /// <value>Default 0: not known.</value>
    public double Margin { get; init; }

    /// <summary>Whether the chosen answer was the one that was shown first; null where it is not known.</summary>
    public bool? ChosenFirst { get; init; }

    /// <summary>The prompt of one of the answers where the file that the pair was read from gives
    /// the two answers different prompts; null where both answer <see cref="Prompt"/>.</summary>
    public Prompt? OtherPrompt { get; init; }

    /// <summary>Prompt and chosen answer, without token ids: what a reward model is given.</summary>
    public Completion ChosenCompletion => new() { Prompt = Prompt, Text = Chosen };

    /// <summary>Prompt and rejected answer.</summary>
    public Completion RejectedCompletion => new() { Prompt = Prompt, Text = Rejected };

    /// <summary>The pair with the other answer preferred.</summary>
    /// <returns>A new pair; what was shown first stays so.</returns>
    public PreferencePair Reversed() => this with { Chosen = Rejected, Rejected = Chosen, ChosenFirst = !ChosenFirst };
}
