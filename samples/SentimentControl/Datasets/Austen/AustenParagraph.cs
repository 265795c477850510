namespace SentimentControl.Datasets.Austen;

/// <summary>One paragraph of a novel.</summary>
/// <param name="Novel">Index into <see cref="AustenNovels.Names"/>.</param>
/// <param name="Chapter">Running number of the chapter in its novel, from 1.</param>
/// <param name="HeldOut">Whether the chapter is one that nothing is fitted to.</param>
/// <param name="Text">The text on one line, quotation marks included.</param>
internal readonly record struct AustenParagraph(int Novel, int Chapter, bool HeldOut, string Text);
