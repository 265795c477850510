namespace VariationalBoN.Extensions.AI.Judges;

/// <summary>How a chat model is asked for a reward. Immutable; as thread-safe as <see cref="ReadAnswer"/>.
/// Checked where it is used, all faults in one message.</summary>
public sealed record ChatRewardModelOptions
{
    /// <summary>The message to the judge: a text with {completion}, and {prompt} if it is wanted. They are replaced
    /// by the completion and the prompt, a conversation by its JSON. Ask for one number and nothing else.</summary>
    /// <value>Required.</value>
    public required string Template { get; init; }

    /// <summary>The system message.</summary>
    /// <value>Default null: none.</value>
    public string? Instructions { get; init; }

    /// <summary>The model that is asked for.</summary>
    /// <value>Default null: the client's own.</value>
    public string? ModelId { get; init; }

    /// <summary>The sampling temperature, 0 or more. Above 0 the reward of a text is a random number.</summary>
    /// <value>Default 0. null leaves it to the service.</value>
    public float? Temperature { get; init; } = 0;

    /// <summary>The most tokens of an answer, at least 1; a model that reasons first needs many more.</summary>
    /// <value>Default 16.</value>
    public int MaxOutputTokens { get; init; } = 16;

    /// <summary>The lowest number that is a reward; an answer below it is a failure, not clipped.</summary>
    /// <value>Default minus infinity: no bound.</value>
    public double MinReward { get; init; } = double.NegativeInfinity;

    /// <summary>The highest number that is a reward; an answer above it is a failure, not clipped.</summary>
    /// <value>Default infinity: no bound.</value>
    public double MaxReward { get; init; } = double.PositiveInfinity;

    /// <summary>Reads the reward out of an answer, throwing <see cref="FormatException"/> when there is none.</summary>
    /// <value>Default null: an answer is one number and nothing else.</value>
    public Func<string, double>? ReadAnswer { get; init; }

    /// <summary>Identifies this judge. Needed with <see cref="ReadAnswer"/>,
    /// since one function cannot be distinguished from another.</summary>
    /// <value>Default null: one made of model, texts and settings.</value>
    public ModelIdentity? Identity { get; init; }

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        if (Template is null || !Template.Contains("{completion}", StringComparison.Ordinal))
            faults.Add("Template has no {completion}; without it every completion would be judged alike");
        if (Temperature is float temperature && !(temperature >= 0 && float.IsFinite(temperature)))
            faults.Add(FormattableString.Invariant($"Temperature is {temperature}; it must be 0 or more"));
        if (MaxOutputTokens < 1)
            faults.Add($"MaxOutputTokens is {MaxOutputTokens}; it must be at least 1");
        if (!(MinReward < MaxReward))
            faults.Add(
                FormattableString.Invariant($"MinReward is {MinReward} and MaxReward is {MaxReward}; the first must be below the second")
            );
        if (ReadAnswer is not null && Identity is null)
            faults.Add("Identity is not set although ReadAnswer is set; name both judge and reading");
        if (faults.Count > 0)
            throw new ArgumentException($"The options of the chat judge are not usable: {string.Join("; ", faults)}.");
    }
}
