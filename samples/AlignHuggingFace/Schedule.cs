namespace AlignHuggingFace;

/// <summary>How the learning rate goes over the steps.</summary>
internal enum Schedule
{
    /// <summary>It falls in a line to a tenth.</summary>
    Linear,

    /// <summary>It falls along half a cosine to a tenth.</summary>
    Cosine,

    /// <summary>It stays.</summary>
    Constant,
}

/// <summary>Learning rates as functions of the step, so that a run that goes on needs no state of them. Stateless.</summary>
internal static class Schedules
{
    private const double Last = 0.1;

    /// <summary>The learning rate of a step.</summary>
    public static double Of(this Schedule schedule, double highest, long step, int steps) => highest * schedule switch
    {
        Schedule.Linear => 1 - ((1 - Last) * step / steps),
        Schedule.Cosine => Last + ((1 - Last) * (1 + Math.Cos(Math.PI * step / steps)) / 2),
        _ => 1,
    };
}
