using VariationalBoN.References;

namespace VariationalBoN;

public sealed partial class ReferenceTable
{
    /// <summary>Stored samples of some prompts, each with the probability that it is the best of n of its prompt:
    /// <see cref="ReferenceResampling.BestOf"/>.</summary>
    /// <param name="prompts">At least one prompt of the table, a group to each; one that stands twice gets the same samples.</param>
    /// <param name="n">n; finite, at least 1.</param>
    /// <param name="samplesPerPrompt">How many to draw of each, at least 1.</param>
    /// <param name="seed">Fixes the draws, such as the step; its purpose does not count.</param>
    /// <returns>The samples prompt by prompt, with the origin of this table, so that objectives of it take them.</returns>
    /// <exception cref="ArgumentException">There is no prompt, or one has rewards alone.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range or NaN.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not in the table.</exception>
    public ScoredBatch DrawBestOf(IReadOnlyList<Prompt> prompts, double n, int samplesPerPrompt, DrawSeed seed) =>
        Draw(prompts, prompt => ReferenceResampling.BestOf(prompt, n, samplesPerPrompt, seed));

    /// <summary>Stored samples of some prompts, drawn uniformly with replacement: <see cref="ReferenceResampling.Uniform"/>.</summary>
    /// <inheritdoc cref="DrawBestOf"/>
    /// <param name="prompts">At least one prompt of the table, a group to each; one that stands twice gets the same samples.</param>
    /// <param name="samplesPerPrompt">How many to draw of each, at least 1.</param>
    /// <param name="seed">Fixes the draws, such as the step; its purpose does not count.</param>
    public ScoredBatch DrawUniform(IReadOnlyList<Prompt> prompts, int samplesPerPrompt, DrawSeed seed) =>
        Draw(prompts, prompt => ReferenceResampling.Uniform(prompt, samplesPerPrompt, seed));

    /// <summary>Stored samples of some prompts, chosen by a function of your own,
    /// such as best and worst of n (<see cref="BestWorstPair"/>) or a mix.</summary>
    /// <param name="prompts">At least one prompt of the table, a group to each.</param>
    /// <param name="draw">Chooses among the samples of a prompt; it may give different numbers of them, also none.</param>
    /// <returns>The samples prompt by prompt, with the origin of this table, so that objectives of it take them.</returns>
    /// <exception cref="ArgumentException">There is no prompt, or a sample of another prompt was chosen.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not in the table.</exception>
    public ScoredBatch Draw(IReadOnlyList<Prompt> prompts, Func<ReferencePrompt, IEnumerable<ScoredCompletion>> draw)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(draw);
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to draw samples of; give at least one.", nameof(prompts));
        var drawn = new List<ScoredCompletion>();
        var groups = new List<int>();
        for (int p = 0; p < prompts.Count; p++)
        {
            foreach (ScoredCompletion sample in draw(this[prompts[p]]))
            {
                if (sample.Completion.Prompt != prompts[p])
                    throw new ArgumentException(
                        $"A sample of the prompt \"{sample.Completion.Prompt}\" was chosen for the prompt \"{prompts[p]}\"; choose among "
                            + $"its own.",
                        nameof(draw)
                    );
                drawn.Add(sample);
                groups.Add(p);
            }
        }

        return new ScoredBatch(drawn, groups, Provenance?.Origin);
    }
}
