using System.Collections;
using System.Diagnostics.CodeAnalysis;
using VariationalBoN.BestOfN;

namespace VariationalBoN.References;

/// <summary>The reward distributions of a table by prompt, made when they are asked for where the table is on disk.
/// As thread-safe as the table.</summary>
internal sealed class ReferenceTableCdfs(ReferenceTable table) : ICdfsOnDemand
{
    public int Count => table.Prompts.Length;

    /// <inheritdoc/>
    public IReadOnlyCollection<int> Counts => [.. table.Prompts.Select(prompt => prompt.Count)];

    public IEnumerable<Prompt> Keys => table.Prompts.Select(prompt => prompt.Prompt);

    public IEnumerable<EmpiricalRewardCdf> Values => table.Prompts.Select(prompt => prompt.Cdf);

    public EmpiricalRewardCdf this[Prompt key] => table[key].Cdf;

    public bool ContainsKey(Prompt key) => table.Find(key) is not null;

    public bool TryGetValue(Prompt key, [MaybeNullWhen(false)] out EmpiricalRewardCdf value)
    {
        value = table.Find(key)?.Cdf;
        return value is not null;
    }

    public IEnumerator<KeyValuePair<Prompt, EmpiricalRewardCdf>> GetEnumerator() =>
        table.Prompts.Select(prompt => KeyValuePair.Create(prompt.Prompt, prompt.Cdf)).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
