// RGB bytes, height x width x 3, upright -> size x size x 3. As Pillow's bilinear resizing with antialiasing.
// This was not compiled by the project that wrote it. Core Graphics is no substitute: its filter is another one.
func square(_ rgb: [UInt8], height: Int, width: Int, size: Int, crop: Bool) -> [UInt8] {
    let side = min(height, width)
    func weights(_ count: Int) -> [(Int, [Double])] {
        let start = crop ? Double(count - side) / 2 : 0
        let scale = Double(crop ? side : count) / Double(size)
        let reach = max(scale, 1)
        return (0..<size).map { place in
            let center = start + (Double(place) + 0.5) * scale
            let first = max(Int((center - reach + 0.5).rounded(.down)), 0)
            let last = min(Int((center + reach + 0.5).rounded(.down)), count)
            let found = (first..<last).map { max(1 - abs(Double($0) + 0.5 - center) / reach, 0) }
            let sum = found.reduce(0, +)
            return (first, found.map { $0 / sum })
        }
    }
    func pass(_ source: [UInt8], _ lines: [(Int, [Double])], _ offset: Int, _ step: Int,
              _ result: inout [UInt8], _ start: Int, _ next: Int) {
        for (place, line) in lines.enumerated() {
            for channel in 0..<3 {
                var sum = 0.5
                for (index, weight) in line.1.enumerated() {
                    sum += weight * Double(source[offset + (line.0 + index) * step + channel])
                }
                result[start + place * next + channel] = UInt8(sum)
            }
        }
    }
    let across = weights(width), down = weights(height)
    var narrow = [UInt8](repeating: 0, count: height * size * 3)
    var result = [UInt8](repeating: 0, count: size * size * 3)
    for y in 0..<height { pass(rgb, across, y * width * 3, 3, &narrow, y * size * 3, 3) }
    for x in 0..<size { pass(narrow, down, x * 3, size * 3, &result, x * 3, size * 3) }
    return result
}
