namespace VariationalBoN.References;

/// <summary>The format that a table is written in; <see cref="ReferenceTable.Load"/> reads each of them.</summary>
public enum ReferenceTableFormat
{
    /// <summary>Everything that is known: a row for each prompt with provenance,
    /// token ids and log pi_ref. A superset of <see cref="RowPerPrompt"/>.</summary>
    Whole,

    /// <summary>The authors' row for each prompt: <c>prompt</c>, <c>rewards</c>, and <c>responses</c> where texts are known.</summary>
    RowPerPrompt,

    /// <summary>The authors' row for each sample: <c>prompt</c>, <c>text</c> (prompt and response together) and <c>reward</c>.</summary>
    RowPerSample,
}
