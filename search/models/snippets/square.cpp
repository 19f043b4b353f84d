// RGB bytes, height x width x 3, upright -> size x size x 3. As Pillow's bilinear resizing with antialiasing.
// With OpenCV: cv::cvtColor(picture, rgb, cv::COLOR_BGR2RGB), then square(rgb.data, rgb.rows, rgb.cols, size, crop).
// cv::resize is no substitute: INTER_LINEAR has no antialiasing, and INTER_AREA has another filter.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

using Lines = std::vector<std::pair<int, std::vector<double>>>;

Lines weights(int count, int side, int size, bool crop) {
  const double start = crop ? (count - side) / 2.0 : 0.0, length = crop ? side : count;
  const double scale = length / size, reach = std::max(scale, 1.0);
  Lines lines;
  for (int place = 0; place < size; place++) {
    const double center = start + (place + 0.5) * scale;
    const int first = std::max<int>(std::floor(center - reach + 0.5), 0);
    const int last = std::min<int>(std::floor(center + reach + 0.5), count);
    std::vector<double> found;
    double sum = 0;
    for (int at = first; at < last; at++) {
      found.push_back(std::max(1 - std::abs(at + 0.5 - center) / reach, 0.0));
      sum += found.back();
    }
    for (double& weight : found) weight /= sum;
    lines.emplace_back(first, found);
  }
  return lines;
}

void pass(const uint8_t* source, const Lines& lines, int step, uint8_t* result, int next) {
  for (size_t place = 0; place < lines.size(); place++)
    for (int channel = 0; channel < 3; channel++) {
      double sum = 0.5;
      for (size_t index = 0; index < lines[place].second.size(); index++)
        sum += lines[place].second[index] * source[(lines[place].first + index) * step + channel];
      result[place * next + channel] = static_cast<uint8_t>(sum);
    }
}

std::vector<uint8_t> square(const uint8_t* rgb, int height, int width, int size, bool crop) {
  const int side = std::min(height, width);
  const Lines across = weights(width, side, size, crop), down = weights(height, side, size, crop);
  std::vector<uint8_t> narrow(size_t(height) * size * 3), result(size_t(size) * size * 3);
  for (size_t y = 0; y < size_t(height); y++) pass(rgb + y * width * 3, across, 3, narrow.data() + y * size * 3, 3);
  for (int x = 0; x < size; x++) pass(narrow.data() + x * 3, down, size * 3, result.data() + x * 3, size * 3);
  return result;
}
