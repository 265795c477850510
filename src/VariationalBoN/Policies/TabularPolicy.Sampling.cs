using TorchSharp;

namespace VariationalBoN.Policies;

public sealed partial class TabularPolicy
{
    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="completionsPerPrompt"/> is below 1.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not one of <see cref="Prompts"/>.</exception>
    /// <exception cref="ArithmeticException">A logit has become NaN or infinite.</exception>
    public IReadOnlyList<Completion> Sample(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentOutOfRangeException.ThrowIfLessThan(completionsPerPrompt, 1);
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt; give at least one.", nameof(prompts));
        double[] logits = LogitValues();
        var drawn = new Dictionary<Prompt, int>(); // how many samples of a prompt this call has drawn
        var completions = new List<Completion>(prompts.Count * completionsPerPrompt);
        foreach (Prompt prompt in prompts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int table = PromptIndex(prompt) * Contexts,
                first = drawn.GetValueOrDefault(prompt);
            for (int k = 0; k < completionsPerPrompt; k++)
                completions.Add(Draw(prompt, table, logits, new CounterRandom(seed, prompt, first + k)));
            drawn[prompt] = first + completionsPerPrompt;
        }

        return completions;
    }

    /// <inheritdoc/>
    /// <remarks>The tensor is float64 on the CPU.</remarks>
    /// <exception cref="ArgumentException">A completion has the wrong number of tokens, or a token outside the vocabulary.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not one of <see cref="Prompts"/>.</exception>
    public torch.Tensor LogProb(IReadOnlyList<Completion> completions)
    {
        using var scope = torch.NewDisposeScope();
        return TokenLogProb(completions).sum(1).MoveToOuterDisposeScope(); // [B]
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A completion has the wrong number of tokens, or a token outside the vocabulary.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not one of <see cref="Prompts"/>.</exception>
    public torch.Tensor TokenLogProb(IReadOnlyList<Completion> completions)
    {
        using var scope = torch.NewDisposeScope();
        var all = NextTokenLogProb(completions); // [B * L, V]
        long[] tokens = [.. completions.SelectMany(completion => completion.Tokens.Select(token => (long)token))];
        return all.gather(1, torch.tensor(tokens).unsqueeze(1)).view(completions.Count, Length).MoveToOuterDisposeScope(); // [B, L]
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A completion has the wrong number of tokens, or a token outside the vocabulary.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not one of <see cref="Prompts"/>.</exception>
    public torch.Tensor NextTokenLogProb(IReadOnlyList<Completion> completions)
    {
        ArgumentNullException.ThrowIfNull(completions);
        int[] rows = new int[completions.Count * Length];
        for (int i = 0; i < completions.Count; i++)
            Rows(completions[i], rows.AsSpan(i * Length, Length));
        using var scope = torch.NewDisposeScope();
        return Logits.view(-1, VocabularySize).index_select(0, torch.tensor(rows)).log_softmax(1).MoveToOuterDisposeScope(); // [B * L, V]
    }

    /// <summary>The completion of given tokens: its text is the tokens separated by spaces.</summary>
    /// <param name="prompt">The prompt x.</param>
    /// <param name="tokens">L tokens.</param>
    /// <returns>What the policy would have drawn.</returns>
    public static Completion CompletionOf(Prompt prompt, IReadOnlyList<int> tokens) =>
        new()
        {
            Prompt = prompt ?? throw new ArgumentNullException(nameof(prompt)),
            Text = string.Join(' ', tokens),
            Tokens = [.. tokens],
        };

    private Completion Draw(Prompt prompt, int table, double[] logits, CounterRandom random)
    {
        int[] tokens = new int[Length];
        int prefix = 0;
        for (int t = 0; t < Length; t++)
        {
            tokens[t] = DrawToken(
                logits.AsSpan((table + _shape.Context(t, prefix)) * VocabularySize, VocabularySize),
                random.Uniform(t),
                prompt
            );
            prefix = (prefix * VocabularySize) + tokens[t];
        }

        return CompletionOf(prompt, tokens);
    }

    /// <summary>Inverse CDF: u is scaled by the sum, and a token of probability zero is never returned.</summary>
    private static int DrawToken(ReadOnlySpan<double> logits, double u, Prompt prompt)
    {
        double highest = double.NegativeInfinity,
            sum = 0;
        foreach (double logit in logits)
        {
            if (!double.IsFinite(logit))
                throw new ArithmeticException(
                    $"A logit of prompt \"{prompt}\" is {logit}: training has diverged. Lower the learning rate."
                );
            highest = Math.Max(highest, logit);
        }

        foreach (double logit in logits)
            sum += Math.Exp(logit - highest);
        double left = u * sum;
        int last = 0;
        for (int token = 0; token < logits.Length; token++)
        {
            double mass = Math.Exp(logits[token] - highest);
            if (mass == 0)
                continue;
            last = token;
            left -= mass;
            if (left < 0)
                break;
        }

        return last;
    }
}
