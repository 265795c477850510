namespace SampleReviews;

/// <summary>A review with the mood that it was written in.</summary>
/// <param name="Text">Lower-case words and signs, one space apart.</param>
/// <param name="Mood">-2 (hated it) to 2 (loved it).</param>
public readonly record struct Review(string Text, int Mood);
