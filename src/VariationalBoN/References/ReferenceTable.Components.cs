using System.Collections.Immutable;
using VariationalBoN.Internal;
using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN;

public sealed partial class ReferenceTable
{
    /// <summary>
    /// This table with a second judge's scores of its samples as a named component: for reports, never for the rewards themselves.
    /// </summary>
    /// <param name="name">The name of the component; no prompt may have one of this name.</param>
    /// <param name="judge">The judge. It reads prompt and text; token ids where the table has them.</param>
    /// <param name="options">Batches, failures and truncated completions of this judge;
    /// null for the defaults. What is excluded has no value.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>A table in memory.</returns>
    /// <exception cref="ArgumentException">The name is blank or taken, or an option is out of range.</exception>
    /// <exception cref="InvalidOperationException">The texts of a prompt are not known.</exception>
    /// <exception cref="RewardModelException">A score could not be had.</exception>
    public async Task<ReferenceTable> WithComponentAsync(
        string name,
        IRewardModel judge,
        ScoringOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(judge);
        RequireNewComponent(name);
        var columns = new List<ImmutableArray<double?>>();
        foreach (ReferencePrompt prompt in Prompts)
        {
            PromptSamples all = prompt.All;
            if (all.Texts.IsEmpty)
                throw new InvalidOperationException(
                    $"The texts of the prompt {Shown.Quoted(prompt.Prompt.Canonical)} are not known, so that no judge can read them; "
                        + $"estimate the table anew, or take one with texts."
                );
            Completion[] samples = all.Samples.IsEmpty
                ? [.. all.Texts.Select(text => new Completion { Prompt = prompt.Prompt, Text = text })]
                : [.. all.Samples.Select(sample => sample.Completion)];
            columns.Add([.. await judge.ScoreCheckedAsync(samples, options, cancellationToken).ConfigureAwait(false)]);
        }

        return WithColumns(name, columns);
    }

    /// <summary>This table with the rewards of another table of its samples as a named component.</summary>
    /// <remarks>A prompt that the other table does not have has no value.
    /// Samples are matched by their place, and by their texts where both tables know them.</remarks>
    /// <param name="name">The name of the component; no prompt may have one of this name.</param>
    /// <param name="other">The samples of this table as another judge scored them.</param>
    /// <returns>A table in memory.</returns>
    /// <exception cref="ArgumentException">The name is blank or taken, the tables have no prompt in common,
    /// or the samples of a prompt differ; the message names it.</exception>
    public ReferenceTable WithComponent(string name, ReferenceTable other)
    {
        ArgumentNullException.ThrowIfNull(other);
        RequireNewComponent(name);
        if (!Prompts.Any(prompt => other.Find(prompt.Prompt) is not null))
            throw new ArgumentException(
                "The two tables have no prompt in common; give the same samples as a second judge scored them.",
                nameof(other)
            );
        return WithColumns(name, [.. Prompts.Select(prompt => Matched(prompt.Prompt, prompt.All, other.Find(prompt.Prompt)?.All))]);
    }

    private static ImmutableArray<double?> Matched(Prompt prompt, PromptSamples ours, PromptSamples? other)
    {
        if (other is not { } theirs)
            return [.. new double?[ours.Known.Length]];
        if (theirs.Rewards.Length != ours.Rewards.Length)
            throw new ArgumentException(
                $"The prompt {Shown.Quoted(prompt.Canonical)} has {ours.Rewards.Length} samples in the one table and "
                    + $"{theirs.Rewards.Length} in the other; they must be the same samples in the same order.",
                nameof(other)
            );
        int mine = 0,
            there = 0;
        var values = ImmutableArray.CreateBuilder<double?>(ours.Known.Length);
        for (int place = 0; place < ours.Rewards.Length; place++)
        {
            bool known = ours.Rewards[place] is not null,
                knownThere = theirs.Rewards[place] is not null;
            if (known && knownThere && !ours.Texts.IsEmpty && !theirs.Texts.IsEmpty && ours.Texts[mine] != theirs.Texts[there])
                throw new ArgumentException(
                    $"Sample {place} of the prompt {Shown.Quoted(prompt.Canonical)} is {Shown.Quoted(ours.Texts[mine])} in the one table "
                        + $"and {Shown.Quoted(theirs.Texts[there])} in the other; they must be the same samples in the same order.",
                    nameof(other)
                );
            if (known)
                values.Add(theirs.Rewards[place]);
            (mine, there) = (mine + (known ? 1 : 0), there + (knownThere ? 1 : 0));
        }

        return values.ToImmutable();
    }

    private void RequireNewComponent(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (Prompts.FirstOrDefault(prompt => prompt.Components.ContainsKey(name)) is { } taken)
            throw new ArgumentException(
                $"The prompt {Shown.Quoted(taken.Prompt.Canonical)} has a component \"{name}\" already; give another name.",
                nameof(name)
            );
    }

    private ReferenceTable WithColumns(string name, List<ImmutableArray<double?>> columns) =>
        Of(
            Prompts.Select(
                (prompt, p) =>
                    prompt.All is var all && columns[p].All(value => value is null)
                        ? new ReferencePrompt(prompt.Prompt, all, prompt.TieTolerance)
                        : new ReferencePrompt(
                            prompt.Prompt,
                            all with
                            {
                                Components = all.Components.Add(name, columns[p]),
                            },
                            prompt.TieTolerance
                        )
            )
        );
}
