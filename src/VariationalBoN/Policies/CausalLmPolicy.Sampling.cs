using System.Runtime.ExceptionServices;
using VariationalBoN.Policies;

namespace VariationalBoN;

public sealed partial class CausalLmPolicy
{
    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A prompt has no tokens, tokens outside the vocabulary,
    /// or no room for a completion in the model's context.</exception>
    /// <exception cref="TrainingModeException">The module is in training mode.</exception>
    /// <exception cref="ArithmeticException">The module returns NaN or infinity: its weights have diverged.</exception>
    public IReadOnlyList<Completion> Sample(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    ) => SampleFrom(prompts, completionsPerPrompt, seed, Distributions, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A prompt has no tokens, tokens outside the vocabulary,
    /// or no room for a completion in the model's context.</exception>
    /// <exception cref="TrainingModeException">The module is in training mode.</exception>
    /// <exception cref="ArithmeticException">The module returns NaN or infinity: its weights have diverged.</exception>
    public void SampleEach(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        Action<int, Completion> onFinished,
        CancellationToken cancellationToken = default
    ) => SampleEachFrom(prompts, completionsPerPrompt, seed, Distributions, onFinished, cancellationToken);

    /// <summary>Draws from another distribution over the steps of the same model.</summary>
    /// <param name="prompts">P prompts.</param>
    /// <param name="completionsPerPrompt">K.</param>
    /// <param name="seed">Fixes the draw.</param>
    /// <param name="distributions">Makes the distribution of a unit: told its prompts and their tokens.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    internal IReadOnlyList<Completion> SampleFrom(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        StepDistributions distributions,
        CancellationToken cancellationToken
    )
    {
        var completions = new Completion[prompts is null ? 0 : checked(prompts.Count * Math.Max(completionsPerPrompt, 0))];
        SampleEachFrom(
            prompts!,
            completionsPerPrompt,
            seed,
            distributions,
            (place, completion) => completions[place] = completion,
            cancellationToken
        );
        return completions;
    }

    /// <summary>As <see cref="SampleFrom"/>, handing each completion on.</summary>
    internal void SampleEachFrom(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        StepDistributions distributions,
        Action<int, Completion> onFinished,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(onFinished);
        ArgumentOutOfRangeException.ThrowIfLessThan(completionsPerPrompt, 1);
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to sample for; give at least one.", nameof(prompts));
        _model.RequireEvaluationMode();
        using var span = new DrawSpan(prompts.Count, completionsPerPrompt, seed, Options);
        try
        {
            Draw(prompts, completionsPerPrompt, seed, distributions, onFinished, span, cancellationToken);
        }
        catch (Exception e) when (span.Fail(e))
        {
            throw; // the filter is never true
        }
    }

    private void Draw(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        StepDistributions distributions,
        Action<int, Completion> onFinished,
        DrawSpan span,
        CancellationToken cancellationToken
    )
    {
        EncodedPrompt[] encoded = _prompts.Encode(prompts);
        IReadOnlyList<int>[] promptTokens = [.. encoded.Select(prompt => (IReadOnlyList<int>)prompt.Tokens)];
        int rowsPerUnit = distributions.HaveState ? Options.RowsPerBatch : Options.RowsPerUnitOrDefault;
        List<PlannedRow[]> units = DrawingUnits.Cut(encoded, completionsPerPrompt, seed, rowsPerUnit);
        var oneAtATime = new Lock();
        bool isBroken = false; // onFinished has thrown: it is not called again by units that have not stopped yet
        ForEach(
            units,
            (unit, stop) =>
            {
                int[] distinct = [.. unit.Select(row => row.Prompt).Distinct()];
                using StepDistribution distribution = distributions.Create(
                    [.. distinct.Select(p => encoded[p].Prompt)],
                    [.. distinct.Select(p => promptTokens[p])]
                );
                using var sampler = new UnitSampler(
                    _model,
                    Options,
                    End,
                    distribution,
                    unit,
                    promptTokens,
                    (row, drawn) =>
                    {
                        Completion completion = Complete(encoded[row.Prompt], drawn);
                        lock (oneAtATime)
                        {
                            if (isBroken)
                                return;
                            isBroken = true;
                            span.Count(completion);
                            onFinished(row.Slot, completion);
                            isBroken = false;
                        }
                    }
                );
                sampler.Run(stop);
            },
            cancellationToken
        );
    }

    private StepDistributions Distributions => new((_, _) => new StepDistribution(_model, _distribution, Options), HaveState: false);

    /// <summary>One after another on the caller's thread, or some at once;
    /// the first failure, which is what the call fails with, stops the others.</summary>
    private void ForEach(List<PlannedRow[]> units, Action<PlannedRow[], CancellationToken> draw, CancellationToken cancellationToken)
    {
        if (Options.DegreeOfParallelism == 1 || units.Count == 1)
        {
            units.ForEach(unit => draw(unit, cancellationToken));
            return;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ExceptionDispatchInfo? first = null;
        Parallel.ForEach(
            units,
            new ParallelOptions { MaxDegreeOfParallelism = Options.DegreeOfParallelism },
            (unit, loop) =>
            {
                try
                {
                    draw(unit, stop.Token);
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref first, ExceptionDispatchInfo.Capture(e), null);
                    loop.Stop();
                    stop.Cancel();
                }
            }
        );
        if (first?.SourceException is OperationCanceledException)
            cancellationToken.ThrowIfCancellationRequested(); // with the caller's token, not that of the loop
        first?.Throw();
    }

    private Completion Complete(EncodedPrompt prompt, List<int> drawn)
    {
        bool stopped = Options.StopTokens.Contains(drawn[^1]);
        return new Completion
        {
            Prompt = prompt.Prompt,
            PromptTokens = prompt.Tokens,
            Tokens = [.. drawn],
            Text = prompt.Decode(stopped ? drawn.GetRange(0, drawn.Count - 1) : drawn),
            FinishReason = stopped ? FinishReason.Stopped : FinishReason.Length,
        };
    }
}
