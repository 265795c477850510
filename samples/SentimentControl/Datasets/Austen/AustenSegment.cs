namespace SentimentControl.Datasets.Austen;

/// <summary>One to a few sentences of one kind, without quotation marks.</summary>
/// <param name="Novel">Index into <see cref="AustenNovels.Names"/>.</param>
/// <param name="HeldOut">Whether the segment comes from a chapter that nothing is fitted to.</param>
/// <param name="Kind">What the removed quotation marks said.</param>
/// <param name="StartsSentence">Whether the segment begins where a sentence begins, and not after a semicolon or colon.</param>
/// <param name="Text">The text; begins with a capital and ends with ".", "!" or "?".</param>
internal readonly record struct AustenSegment(int Novel, bool HeldOut, SegmentKind Kind, bool StartsSentence, string Text);
