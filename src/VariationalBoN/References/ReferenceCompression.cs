namespace VariationalBoN.References;

/// <summary>How the records of a <see cref="ReferenceStore"/> stand on disk; chosen when the store is made.</summary>
public enum ReferenceCompression
{
    /// <summary>Lines of text, <c>samples.jsonl</c>.</summary>
    None,

    /// <summary>A gzip member for each record, <c>samples.jsonl.gz</c>: a third to a quarter of the size; <c>zcat</c> gives the lines.</summary>
    Gzip,
}
