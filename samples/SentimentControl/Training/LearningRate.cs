namespace SentimentControl.Training;

/// <summary>Schedules of the learning rate. Stateless.</summary>
internal static class LearningRate
{
    /// <summary>A linear rise over the warm-up, then a linear fall to a part of the peak.</summary>
    public static double Linear(double peak, int step, int steps, int warmUp, double finalPart) =>
        step < warmUp ? peak * (step + 1) / warmUp : peak * (1 - ((1 - finalPart) * (step - warmUp) / Math.Max(1, steps - warmUp)));

    /// <summary>A linear rise over the warm-up, then half a cosine down to 0.</summary>
    public static double Cosine(double peak, int step, int steps, int warmUp) =>
        step < warmUp ? peak * (step + 1) / warmUp : peak * 0.5 * (1 + Math.Cos(Math.PI * (step - warmUp) / Math.Max(1, steps - warmUp)));
}
