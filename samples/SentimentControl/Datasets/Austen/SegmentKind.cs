namespace SentimentControl.Datasets.Austen;

/// <summary>Whether the words of a segment stand inside quotation marks.</summary>
internal enum SegmentKind
{
    /// <summary>No word is inside quotation marks.</summary>
    Narration,

    /// <summary>Every word is inside quotation marks.</summary>
    Dialogue,

    /// <summary>Some words are and some are not, as in: It is, returned she.</summary>
    Mixed,
}
