namespace VariationalBoN.Policies;

/// <summary>A completion that is being drawn.</summary>
/// <param name="model">The model that is decoded.</param>
/// <param name="end">When it ends.</param>
/// <param name="random">Its random numbers; number t draws token t.</param>
internal abstract class DrawnRow(CausalModel model, EndRule end, CounterRandom random)
{
    /// <summary>What was drawn so far.</summary>
    internal List<int> Tokens { get; } = new(Math.Min(end.MaxNewTokens, 32));

    /// <summary>Why it has ended by itself; null where it has not.</summary>
    internal FinishReason? Finish { get; private set; }

    /// <summary>Whether nothing more is drawn. It may stay among the rows for a while.</summary>
    internal virtual bool IsDone => Finish is not null;

    /// <summary>The tokens that the model was given after the prompt.</summary>
    internal int Read { get; set; }

    /// <summary>What messages call it.</summary>
    protected abstract string Name { get; }

    /// <summary>Draws the next token.</summary>
    /// <param name="probabilities">Of all tokens, up to a factor.</param>
    /// <exception cref="ArithmeticException">They are no distribution.</exception>
    internal virtual void Draw(ReadOnlySpan<float> probabilities)
    {
        int token = InverseCdf.Draw(probabilities, random.Uniform(Tokens.Count));
        if (token < 0)
            throw model.NoDistribution($"token {Tokens.Count} of {Name}");
        Tokens.Add(token);
        Finish = end.At(token, Tokens.Count);
    }
}
