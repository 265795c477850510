using VariationalBoN;

namespace SentimentControl.Datasets;

/// <summary>The judge.</summary>
/// <param name="Model">r(x, y).</param>
/// <param name="HeldOutAccuracy">Share of held-out labelled texts that it classifies rightly, 0 to 1.</param>
/// <param name="Description">One line for the reader, such as "logit of a logistic regression on words and pairs of words".</param>
internal sealed record TrainedReward(IRewardModel Model, double HeldOutAccuracy, string Description);
